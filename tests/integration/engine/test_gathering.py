"""Text that nobody wants yet gathers; what is sent shows all that was said by then."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.clock import SystemClock
from bot.engine import runner as under_test
from bot.engine.log import LogWriter
from bot.engine.runner import Runner
from bot.engine.telemetry import Telemetry
from bot.protocol import events as ev
from bot.protocol.ids import ItemId
from bot.store.postgres import PostgresStore
from bot.turn.decide import Action, Ask
from bot.turn.state import ROOT, TurnState
from tests.support.engine import House
from tests.support.fake_platform import Gate, Throttled
from tests.support.store import own, start
from tests.support.turns import STARTED

TEXT = ItemId("t")
OPENED = ev.ItemOpened(item_id=TEXT, frame_id=ROOT, kind="text")


class Desk:
    """A turn whose model has begun to speak and says no more by itself."""

    def __init__(self, runner: Runner, writer: LogWriter) -> None:
        self.runner = runner
        self.writer = writer

    @property
    def committed(self) -> str:
        """What of its text is in the log."""
        item = self.runner.state.item(TEXT)
        return item.text if item else ""


@pytest.fixture
async def desk(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setattr(under_test, "GATHER", 3600.0)
    monkeypatch.setattr(under_test, "CATCH_UP", 30.0)
    clock, speaking = SystemClock(), Gate()
    writer = LogWriter(PostgresStore(engine), clock, Telemetry())

    async def perform(runner: Runner, action: Action) -> None:
        match action:
            case Ask():
                await runner.emit(OPENED)
                await speaking.arrive()
            case _:
                await runner.emit(
                    ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="")
                )

    claim = await own(engine)
    runner = Runner(
        TurnState(turn_id=await start(engine, claim, "t")),
        claim,
        writer=writer,
        clock=clock,
        perform=perform,
        show=lambda _claim, _state: None,
    )
    runner.emit_soon(STARTED)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(writer.run()), tasks.create_task(runner.run())]
        await speaking.reached.wait()
        yield Desk(runner, writer)
        for task in background:
            task.cancel()


async def test_text_gathers_until_somebody_wants_it(desk: Desk) -> None:
    for word in ("Hello ", "Maya", "."):
        desk.runner.say(TEXT, word)
        await asyncio.sleep(0)
    before = desk.runner.state.seq
    assert desk.committed == ""
    await desk.runner.catch_up()
    assert desk.committed == "Hello Maya."
    assert desk.runner.state.seq == before + 1


async def test_where_nothing_was_said_nobody_waits_for_a_commit(desk: Desk) -> None:
    before = desk.runner.state.seq
    desk.runner.emit_soon(ev.ItemClosed(item_id=TEXT, status="done"))
    await desk.runner.catch_up()
    assert desk.runner.state.seq == before


async def test_text_goes_with_what_does_not_wait(desk: Desk) -> None:
    desk.runner.say(TEXT, "Hello.")
    await asyncio.sleep(0)
    await desk.runner.emit(ev.ItemClosed(item_id=TEXT, status="done"))
    assert desk.committed == "Hello."


async def test_text_is_committed_at_once_for_who_follows_the_log(desk: Desk) -> None:
    heard = asyncio.Event()
    desk.writer.follow(lambda _: heard.set())
    desk.runner.say(TEXT, "Hello.")
    await heard.wait()
    await desk.runner.catch_up()
    assert desk.committed == "Hello."


async def test_a_message_that_is_sent_shows_all_that_was_said_by_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "GATHER", 3600.0)
    monkeypatch.setattr(under_test, "CATCH_UP", 30.0)
    house.followed = False
    house.halls["slack"].faults["post"].append(Throttled(seconds=8))
    spoken, silent = Gate(), Gate()
    house.agents.say("Hello ", spoken, "Maya.", silent)
    process = house.process()
    await house.say("maya", "hi")
    await house.throttled(process)
    await spoken.reached.wait()
    spoken.open()
    await silent.reached.wait()
    house.clock.advance(9)
    process.kit.delivery._news.set()  # its clock has moved on
    await house.sees("Hello Maya.")
    silent.open()
    await house.idle()
