"""What Slack says the bot is doing."""

from collections.abc import AsyncIterator

import pytest

from adapters.simulator.slack.faults import RateLimited, Refusal, ServerError
from adapters.slack.sessions import Told, is_due, status_for
from bot.protocol.ids import SurfaceId
from bot.view.nodes import Mood, TurnView
from tests.support.slack_wire import Wire, wired

SESSION, ASSISTANT = "agents.sessions.setStatus", "assistant.threads.setStatus"
_SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as opened:
        yield opened


@pytest.mark.parametrize(
    ("mood", "status"),
    [
        ("running", "processing"),
        ("waiting", "suspended"),
        ("done", "active"),
        ("unsure", "active"),
        ("failed", "active"),
        ("cancelled", "active"),
    ],
)
def test_a_mood_has_a_status(mood: Mood, status: str):
    assert status_for(mood) == status


def test_news_and_what_runs_out_is_due():
    told = Told(status="processing", at=100.0)
    assert is_due(None, "processing", 0.0, resend=60.0)
    assert not is_due(None, "active", 0.0, resend=60.0)
    assert not is_due(told, "processing", 159.0, resend=60.0)
    assert is_due(told, "processing", 160.0, resend=60.0)
    assert is_due(told, "suspended", 101.0, resend=60.0)
    parked = Told(status="suspended", at=100.0)
    assert not is_due(parked, "suspended", 9_999.0, resend=60.0)


async def test_a_thread_says_what_the_bot_does_and_is_told_only_news(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    moods: tuple[tuple[Mood, str], ...] = (
        ("running", "processing"),
        ("waiting", "suspended"),
        ("running", "processing"),
        ("done", "active"),
    )
    for mood, status in moods:
        for _ in range(2):
            await sessions.show(to, mood)
        assert wire.world.workspace.statuses[to.channel, to.thread]["session"] == status
    assert len(wire.calls(SESSION)) == 4


async def test_processing_is_said_again_before_it_runs_out(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    for _ in range(5):
        await sessions.show(to, "running")
        wire.clock.advance(1_000)
    assert len(wire.calls(SESSION)) == 3


async def test_an_app_that_is_no_agent_says_it_as_an_assistant():
    async with wired(is_agent=False) as wire:
        to, sessions = await wire.thread(), wire.platform.sessions
        await sessions.show(to, "running")
        shown = wire.world.workspace.statuses[to.channel, to.thread]
        assert shown["session"] is None
        assert shown["status"]
        wire.clock.advance(91)
        await sessions.show(to, "running")
        await sessions.show(to, "done")
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
    for mood in ("running", "waiting", "done"):
        await sessions.show(to, mood)
    assert len(wire.calls(SESSION)) == len(wire.calls(ASSISTANT)) == 1
    assert not sessions.is_due(to, "running")
    elsewhere = await wire.thread(personal=True)
    assert sessions.is_due(elsewhere, "running")


@pytest.mark.parametrize(
    "fault", [ServerError(), Refusal("internal_error"), Refusal("channel_not_found")]
)
async def test_a_failure_is_nobodys_problem_and_the_next_time_it_is_said(
    wire: Wire, fault: ServerError | Refusal
):
    to, sessions = await wire.thread(), wire.platform.sessions
    wire.world.fail_next(SESSION, fault)
    await sessions.show(to, "running")
    assert sessions.is_due(to, "running")
    await sessions.show(to, "running")
    assert not sessions.is_due(to, "running")


async def test_a_throttle_is_obeyed(wire: Wire):
    to, sessions = await wire.thread(), wire.platform.sessions
    wire.world.fail_next(SESSION, RateLimited(retry_after=30))
    await sessions.show(to, "running")
    wire.clock.advance(29)
    await sessions.show(to, "running")
    assert len(wire.calls(SESSION)) == 1
    wire.clock.advance(2)
    await sessions.show(to, "running")
    assert len(wire.calls(SESSION)) == 2


async def test_a_stream_says_it_too_and_it_is_not_said_twice(wire: Wire):
    to, platform = await wire.thread(), wire.platform
    begun = platform.render(TurnView(headline="Working", mood="running"))
    receipt = await platform.streams.open(to, begun, surface=_SURFACE)
    await platform.sessions.show(to, "running")
    await platform.streams.close(receipt, None, shown=begun)
    await platform.sessions.show(to, "running")
    assert not wire.calls(SESSION)
    await platform.sessions.show(to, "done")
    assert len(wire.calls(SESSION)) == 1


async def test_outside_of_threads_nothing_is_said(wire: Wire):
    to = (await wire.thread()).model_copy(update={"thread": ""})
    await wire.platform.sessions.show(to, "running")
    assert not wire.calls(SESSION)
