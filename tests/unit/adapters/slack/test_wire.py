"""The adapter and the stand-in workspace, which was written without looking at it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.simulator.journal import Journal
from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.slack.faults import NoAnswer, RateLimited
from adapters.simulator.slack.people import SlackUser
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.ingress import slack_routes
from adapters.slack.modal import ACTION, BLOCK, reason_form
from adapters.slack.render import APPROVE, REJECT, STOP
from bot.clock import SystemClock
from bot.errors import AmbiguousSendError, RateLimitedError, StoppedByPersonError
from bot.ports.inbox import Acceptance
from bot.protocol.ids import ApprovalId, SurfaceId, TurnId
from bot.protocol.inbound import Address, Decided, Said, Stopped
from bot.protocol.values import Fact
from bot.view.nodes import ApprovalView, TurnView
from tests.support.slack import SECRET, TOKEN, RecordingInbox

SURFACE = SurfaceId("surface-1")
VIEW = TurnView(
    headline="Working on it",
    mood="waiting",
    text="So **far** <!channel>",
    approvals=(
        ApprovalView(
            approval_id=ApprovalId("appr-1"),
            args_hash="hash-1",
            title="A seat",
            facts=(Fact(label="Cost", value="45 EUR"),),
            status="Please decide.",
            can_decide=True,
        ),
    ),
    stop_turn=TurnId("turn-1"),
    summary="Working on it",
)


class Stage:
    """A workspace, the bot's routes in front of an inbox, and its platform."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.inbox = RecordingInbox()
        user = SlackUser(id="U70", name="Ada Byron", email="ada@example.com")
        self.world = SlackWorld(
            Journal(self.clock),
            self.clock,
            bot_url="",
            signing_secret=SECRET,
            bot_token=TOKEN,
            users=[user],
            history_lag=0.0,
        )
        self.config: SlackConfig
        self.platform: SlackPlatform

    async def open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self.world)
        slack = web.Application()
        slack.add_routes(slack_world_routes(self.world))
        server = await stack.enter_async_context(TestServer(slack))
        config = SlackConfig(SECRET, TOKEN, str(server.make_url("/slack/api/")))
        self.config = config
        self.platform = await stack.enter_async_context(
            SlackPlatform(config, clock=self.clock, timeout=0.5)
        )
        bot = web.Application()
        bot.add_routes(slack_routes(config, self.inbox, self.platform))
        door = await stack.enter_async_context(TestServer(bot))
        self.world.bot_url = str(door.make_url("/slack/events"))

    async def said(self, channel: str, text: str) -> Said:
        """Let the person write; return what the bot heard."""
        await self.world.say("U70", channel, text)
        inbox = self.inbox
        await self.world.wait_for(lambda: bool(inbox.accepted))
        heard = inbox.accepted[-1]
        assert isinstance(heard, Said)
        return heard


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    async with AsyncExitStack() as stack:
        await made.open(stack)
        yield made


def dm(world: SlackWorld) -> str:
    return next(c.id for c in world.workspace.channels.values() if c.is_im)


def shown(world: SlackWorld, channel: str) -> list[dict[str, Any]]:
    return [m for m in world.messages(channel) if m.get("bot_id")]


async def test_a_mention_is_heard_and_answered_in_its_thread(stage: Stage):
    channel = stage.world.help_channel.id
    heard = await stage.said(channel, "@Deskhand is a < b & c?")
    assert heard.text == "is a < b & c?"
    payload = stage.platform.render(VIEW)
    receipt = await stage.platform.post(heard.address, payload, surface=SURFACE)
    assert await stage.platform.edit(receipt, payload) == receipt
    (message,) = shown(stage.world, channel)
    assert message["thread_ts"] == heard.address.thread
    found = await stage.platform.find_post(
        heard.address, surface=SURFACE, since=heard.at
    )
    assert found == receipt
    assert len({each.said_key for each in stage.inbox.accepted}) == 1


async def test_buttons_and_the_form_come_back_as_what_they_say(stage: Stage):
    channel = dm(stage.world)
    heard = await stage.said(channel, "hello")
    assert heard.address.personal
    payload = stage.platform.render(VIEW)
    receipt = await stage.platform.post(heard.address, payload, surface=SURFACE)
    stage.inbox.answer = Acceptance(outcome="decided")
    for action in (APPROVE, STOP, REJECT):
        clicked = await stage.world.click("U70", channel, receipt.message_id, action)
        assert clicked.ok
    (form,) = stage.world.snapshot()["modals"]["U70"]
    values = {BLOCK: {ACTION: "too dear"}}
    await stage.world.submit_view("U70", form["id"], values)
    approved, stopped, rejected = stage.inbox.accepted[-3:]
    assert isinstance(approved, Decided)
    assert approved.verdict == "approved"
    assert isinstance(stopped, Stopped)
    assert stopped.turn_id == "turn-1"
    assert isinstance(rejected, Decided)
    assert (rejected.approval_id, rejected.reason) == ("appr-1", "too dear")


async def test_a_click_that_does_not_count_is_whispered(stage: Stage):
    heard = await stage.said(dm(stage.world), "hello")
    payload = stage.platform.render(VIEW)
    receipt = await stage.platform.post(heard.address, payload, surface=SURFACE)
    stage.inbox.answer = Acceptance(outcome="not_entitled", sentence="Not yours.")
    channel, ts = receipt.address.channel, receipt.message_id
    await stage.world.click("U70", channel, ts, APPROVE)
    assert "Not yours." in str(stage.world.snapshot()["ephemerals"]["U70"])


# ------------------------------------------------------------- Slack's own Stop

QUIET = TurnView(
    headline="Working on it",
    mood="running",
    text="So far\n",
    stop_turn=TurnId("turn-1"),
)
IN_LINE = replace(QUIET, mood="waiting", stop_turn=TurnId("turn-2"))
ENDED = replace(QUIET, mood="done", stop_turn=None)


async def stopped(stage: Stage, address: Address) -> Stopped:
    """Let the person press Slack's Stop; return what the bot makes of it."""
    await stage.world.stop_session("U70", address.channel, address.thread)
    inbox = stage.inbox
    await stage.world.wait_for(lambda: isinstance(inbox.accepted[-1], Stopped))
    heard = inbox.accepted[-1]
    assert isinstance(heard, Stopped)
    return heard


async def test_slacks_stop_means_the_first_turn_that_can_be_stopped_there(stage: Stage):
    heard = await stage.said(stage.world.help_channel.id, "@Deskhand hi")
    for view in (ENDED, QUIET, IN_LINE):
        payload = stage.platform.render(view)
        await stage.platform.post(heard.address, payload, surface=SURFACE)
    pressed = await stopped(stage, heard.address)
    assert pressed.turn_id == "turn-1"
    assert pressed.user.user_id == "U70"


async def test_slacks_stop_of_a_stream_means_the_turn_that_streams(stage: Stage):
    heard = await stage.said(dm(stage.world), "hello")
    payload = stage.platform.render(replace(QUIET, stop_turn=TurnId("turn-7")))
    streams = stage.platform.streams
    receipt = await streams.open(heard.address, payload, surface=SURFACE)
    assert "turn.stop" not in str(shown(stage.world, heard.address.channel))
    assert (await stopped(stage, heard.address)).turn_id == "turn-7"
    more = stage.platform.render(replace(QUIET, text="So far\nand no further\n"))
    with pytest.raises(StoppedByPersonError):
        await streams.append(receipt, more, shown=payload)


async def test_slacks_stop_of_another_replicas_stream_means_its_turn(stage: Stage):
    """The event comes to any replica; the store knows who streams."""
    heard = await stage.said(dm(stage.world), "hello")
    payload = stage.platform.render(QUIET)
    async with SlackPlatform(stage.config, clock=stage.clock) as other:
        receipt = await other.streams.open(heard.address, payload, surface=SURFACE)
    stage.inbox.shown[receipt.message_id] = TurnId("turn-9")
    assert (await stopped(stage, heard.address)).turn_id == "turn-9"


async def test_slacks_stop_by_somebody_else_is_answered_with_a_whisper(stage: Stage):
    heard = await stage.said(dm(stage.world), "hello")
    payload = stage.platform.render(QUIET)
    await stage.platform.post(heard.address, payload, surface=SURFACE)
    stage.inbox.answer = Acceptance(outcome="not_entitled", sentence="Not yours.")
    await stopped(stage, heard.address)
    world = stage.world
    await world.wait_for(lambda: "Not yours." in str(world.snapshot()["ephemerals"]))


async def test_slacks_stop_where_nothing_can_be_stopped_stops_nothing(stage: Stage):
    heard = await stage.said(dm(stage.world), "hello")
    payload = stage.platform.render(ENDED)
    await stage.platform.post(heard.address, payload, surface=SURFACE)
    await stage.world.stop_session("U70", heard.address.channel, heard.address.thread)
    changes = stage.world.workspace.journal

    def acknowledged() -> bool:
        return any(
            c.kind == "delivery" and c.body["what"] == "agent_session_stopped"
            for c in changes.after(0)
        )

    await stage.world.wait_for(acknowledged)
    assert not any(isinstance(each, Stopped) for each in stage.inbox.accepted)


# --------------------------------------------------------------------- what is lost


async def test_a_post_whose_answer_was_lost_is_found(stage: Stage):
    heard = await stage.said(stage.world.help_channel.id, "@Deskhand hi")
    stage.world.fail_next("chat.postMessage", NoAnswer())
    with pytest.raises(AmbiguousSendError):
        await stage.platform.post(
            heard.address, stage.platform.render(VIEW), surface=SURFACE
        )
    found = await stage.platform.find_post(
        heard.address, surface=SURFACE, since=heard.at
    )
    assert found
    assert len(shown(stage.world, heard.address.channel)) == 1


async def test_a_throttle_says_how_long(stage: Stage):
    heard = await stage.said(stage.world.help_channel.id, "@Deskhand hi")
    stage.world.fail_next("chat.postMessage", RateLimited(retry_after=7))
    with pytest.raises(RateLimitedError) as caught:
        await stage.platform.post(
            heard.address, stage.platform.render(VIEW), surface=SURFACE
        )
    assert caught.value.retry_after == 7


async def test_people_are_known_and_reached(stage: Stage):
    heard = await stage.said(stage.world.help_channel.id, "@Deskhand hi")
    person = await stage.platform.find_user(heard.user, heard.address)
    assert (person.name, person.email) == ("Ada Byron", "ada@example.com")
    direct = await stage.platform.open_direct(heard.user, None)
    assert direct.channel == dm(stage.world)


def test_the_form_is_a_valid_modal():
    form = reason_form(ApprovalId("a"), "h")
    assert not problems_of(form["blocks"], modal=True)
