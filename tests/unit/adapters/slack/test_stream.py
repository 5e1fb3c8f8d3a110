"""Native streams over the wire, against the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.simulator.slack.faults import NoAnswer, Refusal, ServerError
from adapters.slack import limits
from adapters.slack.history import mark_of
from bot.errors import (
    AmbiguousSendError,
    ContentRefusedError,
    MessageGoneError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId, TurnId
from bot.protocol.inbound import Address
from bot.protocol.values import Source
from bot.view.nodes import Step, TurnView
from tests.support.slack_wire import ADA, Json, Wire, wired

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
OTHER = SurfaceId("5e9f7b52-0000-4000-8000-000000000002")
STEP = Step(id="s1", title="Looking", status="running")
BEGUN = TurnView(
    headline="Working",
    mood="running",
    steps=(STEP,),
    text="One\n",
    stop_turn=TurnId("turn-1"),
)
MORE = replace(BEGUN, text="One\nTwo\n", steps=(replace(STEP, status="done"),))
DONE = replace(
    MORE,
    headline="Done",
    mood="done",
    text="One\nTwo\nThree",
    sources=(Source(title="Laptops", ref="kb-1"),),
    stop_turn=None,
)
OPEN, APPEND, CLOSE = "chat.startStream", "chat.appendStream", "chat.stopStream"


class Scene:
    """One thread, and a stream in it."""

    def __init__(self, wire: Wire, to: Address) -> None:
        self.wire = wire
        self.platform, self.streams = wire.platform, wire.platform.streams
        self.to = to

    def payload(self, view: TurnView) -> Payload:
        return self.platform.render(view)

    async def open(self, view: TurnView = BEGUN) -> Receipt:
        return await self.streams.open(self.to, self.payload(view), surface=SURFACE)

    async def append(
        self, receipt: Receipt, view: TurnView = MORE, shown: TurnView = BEGUN
    ) -> Receipt:
        return await self.streams.append(
            receipt, self.payload(view), shown=self.payload(shown)
        )

    async def close(
        self,
        receipt: Receipt,
        view: TurnView | None = None,
        shown: TurnView | None = BEGUN,
    ) -> Receipt:
        return await self.streams.close(
            receipt,
            self.payload(view) if view else None,
            shown=self.payload(shown) if shown else None,
        )

    @property
    def message(self) -> Json:
        (message,) = self.wire.shown(self.to)
        return message

    @property
    def tasks(self) -> list[Json]:
        return self.message["blocks"][0]["tasks"]

    @property
    def session(self) -> str:
        statuses = self.wire.world.workspace.statuses
        return statuses[self.to.channel, self.to.thread]["session"]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as opened:
        yield opened


@pytest.fixture(params=["channel", "direct"])
async def scene(wire: Wire, request: pytest.FixtureRequest) -> Scene:
    return Scene(wire, await wire.thread(personal=request.param == "direct"))


# ----------------------------------------------------------------------------- life


async def test_a_turn_is_streamed_from_its_first_step_to_its_end(scene: Scene):
    receipt = await scene.open()
    assert (scene.message["stream"], scene.session) == ("open", "processing")
    assert scene.tasks[0]["status"] == "in_progress"
    receipt = await scene.append(receipt)
    assert scene.tasks[0]["status"] == "complete"
    closed = await scene.close(receipt, DONE, MORE)
    assert closed.stream is None
    kinds = [block["type"] for block in scene.message["blocks"]]
    assert kinds[:2] == ["plan", "markdown"]
    assert scene.message["blocks"][0]["title"] == "Done"
    assert scene.message["text"].split() == ["One", "Two", "Three"]
    assert "Laptops" in str(scene.message["blocks"][2:])
    assert scene.message["metadata"] == mark_of(SURFACE)
    assert (scene.message["stream"], scene.session) == ("stopped", "active")
    assert len(scene.wire.calls(APPEND)) == 1
    await scene.platform.edit(closed, scene.payload(DONE))
    assert scene.message["metadata"] == mark_of(SURFACE)


async def test_a_receipt_says_until_when_its_stream_may_stay_open(scene: Scene):
    now = scene.wire.clock.now()
    receipt = await scene.open()
    assert receipt.stream
    assert receipt.stream.until == now + timedelta(seconds=limits.STREAM_LIFE)
    assert limits.STREAM_LIFE <= 280  # Slack ends it at 300


async def test_nothing_new_is_not_sent(scene: Scene):
    receipt = await scene.open()
    assert await scene.append(receipt, BEGUN, BEGUN) == receipt
    assert not scene.wire.calls(APPEND)


async def test_a_rotated_stream_leaves_no_task_in_progress(scene: Scene):
    receipt = await scene.open()
    await scene.close(receipt, BEGUN, BEGUN)
    assert scene.tasks[0]["status"] == "pending"
    assert scene.session == "processing"
    assert "turn.stop" in str(scene.message["blocks"])


async def test_a_stream_that_nobody_knows_is_closed_bare_and_can_be_edited(
    scene: Scene,
):
    receipt = await scene.open()
    closed = await scene.close(receipt, None, None)
    await scene.platform.edit(closed, scene.payload(DONE))
    assert "Three" in str(scene.message["blocks"])


async def test_closing_what_is_closed_is_harmless(scene: Scene):
    receipt = await scene.open()
    await scene.close(receipt, None)
    assert (await scene.close(receipt, None)).stream is None
    with pytest.raises(StreamOverError):
        await scene.close(receipt, MORE)


async def test_an_ending_that_does_not_follow_closes_the_stream_and_says_so(
    scene: Scene,
):
    receipt = await scene.open()
    with pytest.raises(StreamOverError):
        await scene.close(receipt, replace(DONE, text="Something else"), BEGUN)
    assert scene.message["stream"] == "stopped"
    assert scene.message["metadata"] == mark_of(SURFACE)
    assert scene.tasks[0]["status"] == "pending"


async def test_what_does_not_follow_is_not_appended(scene: Scene):
    receipt = await scene.open()
    with pytest.raises(ContentRefusedError):
        await scene.append(receipt, replace(MORE, text="Something else"))
    assert not scene.wire.calls(APPEND)


# -------------------------------------------------------------------------- its death


async def test_at_its_end_of_life_a_stream_is_over_and_the_message_goes_on(
    scene: Scene,
):
    receipt = await scene.open()
    scene.wire.clock.advance(301)
    with pytest.raises(StreamOverError):
        await scene.append(receipt)
    assert scene.message["stream"] == "expired"
    await scene.platform.edit(receipt, scene.payload(MORE))
    assert scene.message["stream"] is None
    assert "Two" in str(scene.message["blocks"])


async def test_until_then_it_can_be_closed(scene: Scene):
    receipt = await scene.open()
    scene.wire.clock.advance(limits.STREAM_LIFE + 40)
    await scene.close(receipt, MORE)
    assert scene.message["stream"] == "stopped"


async def test_a_persons_stop_is_told_apart(scene: Scene):
    receipt = await scene.open()
    await scene.wire.world.stop_session(ADA.id, scene.to.channel, scene.to.thread)
    with pytest.raises(StoppedByPersonError):
        await scene.append(receipt)
    assert (await scene.close(receipt, None)).stream is None
    await scene.platform.sessions.say(scene.to, "done")
    assert scene.session == "active"


async def test_a_message_that_was_deleted_is_gone(scene: Scene):
    receipt = await scene.open()
    scene.wire.world.mishaps.delete(scene.to.channel, receipt.message_id)
    with pytest.raises(MessageGoneError):
        await scene.append(receipt)
    with pytest.raises(MessageGoneError):
        await scene.close(receipt, None)


# ------------------------------------------------------------------------- ambiguous


@pytest.mark.parametrize("applied", [True, False])
async def test_after_an_append_without_an_answer_closing_and_editing_is_right(
    scene: Scene, *, applied: bool
):
    receipt = await scene.open()
    scene.wire.world.fail_next(APPEND, ServerError(applied=applied))
    with pytest.raises(AmbiguousSendError):
        await scene.append(receipt)
    closed = await scene.close(receipt, None, None)
    await scene.platform.edit(closed, scene.payload(DONE))
    assert str(scene.message["blocks"]).count("Two") == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_a_stop_without_an_answer_may_be_repeated(scene: Scene, *, applied: bool):
    receipt = await scene.open()
    scene.wire.world.fail_next(CLOSE, ServerError(applied=applied))
    with pytest.raises(AmbiguousSendError):
        await scene.close(receipt, MORE)
    if applied:
        with pytest.raises(StreamOverError):
            await scene.close(receipt, MORE)
    else:
        await scene.close(receipt, MORE)
    assert scene.message["text"].split() == ["One", "Two"]
    assert scene.message["metadata"] == mark_of(SURFACE)


async def test_blocks_that_a_stop_refuses_are_left_to_an_edit(scene: Scene):
    receipt = await scene.open()
    scene.wire.world.fail_next(CLOSE, Refusal("invalid_blocks"))
    with pytest.raises(StreamOverError):
        await scene.close(receipt, MORE)
    assert scene.message["stream"] == "stopped"


# ------------------------------------------------------------------------- where not


async def test_a_stream_suits_a_thread_and_a_person_only(wire: Wire):
    to, streams = await wire.thread(), wire.platform.streams
    payload = wire.platform.render(BEGUN)
    assert streams.suits(to, payload)
    for change in ({"thread": ""}, {"user": ""}, {"user": "B0BOT"}, {"user": "u0ada"}):
        assert not streams.suits(to.model_copy(update=change), payload)
    waiting = wire.platform.render(replace(BEGUN, mood="waiting"))
    assert not streams.suits(to, waiting)
    assert not streams.extends(payload, waiting)
    assert streams.extends(payload, wire.platform.render(MORE))
    with pytest.raises(StreamRefusedError):
        await streams.open(to, waiting, surface=SURFACE)
    assert streams.suits(to, payload)


def test_streams_draw_from_lanes_below_slacks_limits(wire: Wire):
    to = Address(platform="slack", workspace="T1", channel="C1", thread="1.2")
    opened, *posts = wire.platform.streams.lanes("open", to)
    assert tuple(posts) == wire.platform.lanes("post", to)
    (appended,) = wire.platform.streams.lanes("append", to)
    (closed,) = wire.platform.streams.lanes("close", to)
    for lane, documented in ((opened, 20), (appended, 100), (closed, 20)):
        (minute,) = [w.count for w in lane.windows if w.seconds == 60]
        assert 0.75 * documented <= minute < documented
    assert closed.reserve
    assert closed.windows[0].count > opened.windows[0].count


# --------------------------------------------------------------------- exactly once


async def test_a_stream_whose_start_was_never_answered_is_found_and_goes_on():
    async with wired(patience=0.6) as wire:
        for personal in (False, True):
            scene = Scene(wire, await wire.thread(personal=personal))
            begun = wire.clock.now()
            wire.world.fail_next(OPEN, NoAnswer())
            with pytest.raises(AmbiguousSendError):
                await scene.open()
            assert not await find(scene, begun)
            wire.clock.advance(wire.world.api.history_lag + 1)
            found = await find(scene, begun)
            assert found
            assert found.stream
            assert found.message_id == scene.message["ts"]
            closed = await scene.close(found, None, None)
            await scene.platform.edit(closed, scene.payload(DONE))
            assert "Three" in str(scene.message["blocks"])


async def find(scene: Scene, since: datetime, surface: SurfaceId = SURFACE):
    return await scene.platform.find_post(scene.to, surface=surface, since=since)


async def test_a_closed_stream_is_found_by_its_mark(scene: Scene):
    begun = scene.wire.clock.now()
    receipt = await scene.open()
    await scene.close(receipt, DONE)
    scene.wire.clock.advance(11)
    found = await find(scene, begun)
    assert found == receipt.model_copy(update={"stream": None})
    assert not await find(scene, begun, OTHER)


async def test_a_stream_that_this_process_has_open_is_nobody_elses(scene: Scene):
    begun = scene.wire.clock.now()
    receipt = await scene.open()
    scene.wire.clock.advance(11)
    assert not await find(scene, begun, OTHER)
    await scene.close(receipt, None, None)
    scene.wire.clock.advance(11)
    assert not await find(scene, begun, OTHER)


async def test_an_older_stream_without_a_mark_is_not_taken(wire: Wire):
    scene = Scene(wire, await wire.thread())
    orphan = await orphaned(scene)
    wire.clock.advance(20)
    begun = wire.clock.now()
    wire.clock.advance(20)
    assert not await find(scene, begun)
    assert orphan == scene.message["ts"]


async def test_of_two_candidates_none_is_taken(wire: Wire):
    scene = Scene(wire, await wire.thread())
    begun = wire.clock.now()
    await orphaned(scene)
    await orphaned(scene)
    wire.clock.advance(11)
    assert not await find(scene, begun)


async def orphaned(scene: Scene) -> str:
    """Let another process stream here and die."""
    answer = scene.wire.world.api.call(
        OPEN,
        {
            "channel": scene.to.channel,
            "thread_ts": scene.to.thread,
            "recipient_user_id": ADA.id,
            "recipient_team_id": scene.to.workspace,
        },
        token="xoxb-wire",
    )
    return str(answer.body["ts"])


@pytest.mark.parametrize("personal", [True, False])
@pytest.mark.parametrize("threaded", [True, False])
async def test_a_post_without_an_answer_is_found_once_history_has_it(
    *, personal: bool, threaded: bool
):
    async with wired(patience=0.6) as wire:
        to = await wire.thread(personal=personal)
        scene = Scene(wire, to if threaded else to.model_copy(update={"thread": ""}))
        begun = wire.clock.now()
        wire.world.fail_next("chat.postMessage", NoAnswer())
        with pytest.raises(AmbiguousSendError):
            await wire.platform.post(scene.to, scene.payload(DONE), surface=SURFACE)
        assert not await find(scene, begun)
        wire.clock.advance(9.9)
        assert not await find(scene, begun)
        wire.clock.advance(0.2)
        found = await find(scene, begun)
        assert found == Receipt(message_id=scene.message["ts"], address=scene.to)
        assert not await find(scene, begun, OTHER)
        lag = wire.platform.history_lag
        assert lag and lag > wire.world.api.history_lag
