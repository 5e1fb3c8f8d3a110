"""What Slack says the bot is doing."""

from collections.abc import AsyncIterator
from math import inf

import pytest

from adapters.simulator.slack.faults import RateLimited, Refusal, ServerError
from adapters.slack import limits
from adapters.slack.sessions import Sessions, Told, due_at, status_for
from bot.errors import RateLimitedError
from bot.ports.presence import Doing
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.slack_wire import Wire, wired

SESSION, ASSISTANT = "agents.sessions.setStatus", "assistant.threads.setStatus"
_VIEW = TurnView(headline="Working", mood="running")
_SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as opened:
        yield opened


def due(sessions: Sessions, to: Address, wire: Wire) -> bool:
    now = wire.clock.monotonic()
    return sessions.due_at(to, "working", since=now) <= now


@pytest.mark.parametrize(
    ("doing", "status"),
    [
        ("starting", "processing"),
        ("working", "processing"),
        ("waiting", "suspended"),
        ("done", "active"),
    ],
)
def test_what_the_bot_does_has_a_status(doing: Doing, status: str):
    assert status_for(doing) == status


def test_news_and_what_runs_out_is_due():
    told = Told(status="processing", at=100.0)
    assert due_at(None, "processing", resend=60.0) == -inf
    assert due_at(None, "active", resend=60.0) == inf
    assert due_at(told, "processing", resend=60.0) == 160.0
    assert due_at(told, "suspended", resend=60.0) == -inf
    parked = Told(status="suspended", at=100.0)
    assert due_at(parked, "suspended", resend=60.0) == inf


async def test_a_thread_says_what_the_bot_does_and_is_told_only_news(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    doings: tuple[tuple[Doing, str], ...] = (
        ("starting", "processing"),
        ("waiting", "suspended"),
        ("working", "processing"),
        ("done", "active"),
    )
    for doing, status in doings:
        for _ in range(2):
            await sessions.say(to, doing)
        assert wire.world.workspace.statuses[to.channel, to.thread]["session"] == status
    assert len(wire.calls(SESSION)) == 4


async def test_processing_is_said_again_before_it_runs_out(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    for _ in range(5):
        await sessions.say(to, "working")
        wire.clock.advance(1_000)
    assert len(wire.calls(SESSION)) == 3


async def test_an_app_that_is_no_agent_says_it_as_an_assistant():
    async with wired(is_agent=False) as wire:
        to, sessions = await wire.thread(), wire.platform.sessions
        await sessions.say(to, "working")
        shown = wire.world.workspace.statuses[to.channel, to.thread]
        assert shown["session"] is None
        assert shown["status"]
        wire.clock.advance(91)
        await sessions.say(to, "working")
        await sessions.say(to, "done")
        assert len(wire.calls(SESSION)) == 1
        assert len(wire.calls(ASSISTANT)) == 3
        assert not wire.world.workspace.statuses[to.channel, to.thread]["status"]


@pytest.mark.parametrize(
    "code",
    ["feature_disabled", "not_authorized", "method_not_supported_for_channel_type"],
)
async def test_where_it_cannot_be_said_it_is_not_tried_again(wire: Wire, code: str):
    to, sessions = await wire.thread(), wire.platform.sessions
    wire.world.fail_next(SESSION, Refusal(code))
    wire.world.fail_next(ASSISTANT, Refusal(code))
    doings: tuple[Doing, ...] = ("working", "waiting", "done")
    for doing in doings:
        await sessions.say(to, doing)
    assert len(wire.calls(SESSION)) == len(wire.calls(ASSISTANT)) == 1
    assert not due(sessions, to, wire)
    elsewhere = await wire.thread(personal=True)
    assert due(sessions, elsewhere, wire)


@pytest.mark.parametrize(
    "fault", [ServerError(), Refusal("internal_error"), Refusal("channel_not_found")]
)
async def test_a_failure_is_nobodys_problem_and_the_next_time_it_is_said(
    wire: Wire, fault: ServerError | Refusal
):
    to, sessions = await wire.thread(), wire.platform.sessions
    wire.world.fail_next(SESSION, fault)
    await sessions.say(to, "working")
    assert not due(sessions, to, wire), "not at once again"
    wire.clock.advance(limits.STATUS_PAUSE)
    assert due(sessions, to, wire)
    await sessions.say(to, "working")
    assert not due(sessions, to, wire)


async def test_what_was_told_of_many_threads_is_forgotten(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    await sessions.say(to, "waiting")
    for number in range(limits.SESSIONS_REMEMBERED):
        elsewhere = to.model_copy(update={"thread": f"{number}.0"})
        sessions.heard(elsewhere, "suspended")
    await sessions.say(to, "waiting")
    assert len(wire.calls(SESSION)) == 2


async def test_where_slack_has_no_stop_nothing_is_streamed(wire: Wire):
    """An app that was installed before, say, whose manifest nobody has renewed."""
    wire.world.workspace.stop_is_subscribed = False
    to, sessions = await wire.thread(), wire.platform.sessions
    streams = wire.platform.streams
    payload = wire.platform.render(_VIEW)
    receipt = await streams.open(to, payload, surface=_SURFACE)  # nobody knows yet
    assert due(sessions, to, wire), "what the stream said is said again, to know"
    await sessions.say(to, "working")
    assert not streams.suits(to, payload)
    await streams.close(receipt, payload, shown=payload)
    wire.world.workspace.stop_is_subscribed = True
    await sessions.say(to, "waiting")
    assert streams.suits(to, payload)


async def test_an_app_that_is_no_agent_streams_nothing():
    async with wired(is_agent=False) as wire:
        to = await wire.thread()
        payload = wire.platform.render(_VIEW)
        assert wire.platform.streams.suits(to, payload)
        await wire.platform.sessions.say(to, "working")
        assert not wire.platform.streams.suits(to, payload)


async def test_a_throttle_is_passed_on(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    wire.world.fail_next(SESSION, RateLimited(retry_after=30))
    with pytest.raises(RateLimitedError, match="30"):
        await sessions.say(to, "working")
    assert due(sessions, to, wire), "when is the pacer's to say"


async def test_a_stream_says_it_too_and_it_is_not_said_twice(wire: Wire):
    to, platform = await wire.thread(), wire.platform
    begun = platform.render(_VIEW)
    await platform.sessions.say(await wire.thread(personal=True), "working")
    receipt = await platform.streams.open(to, begun, surface=_SURFACE)
    await platform.sessions.say(to, "working")
    await platform.streams.close(receipt, None, shown=begun)
    await platform.sessions.say(to, "working")
    assert len(wire.calls(SESSION)) == 1
    await platform.sessions.say(to, "done")
    assert len(wire.calls(SESSION)) == 2


async def test_outside_of_threads_nothing_is_said(wire: Wire):
    to = (await wire.thread()).model_copy(update={"thread": ""})
    await wire.platform.sessions.say(to, "working")
    assert not wire.calls(SESSION)
