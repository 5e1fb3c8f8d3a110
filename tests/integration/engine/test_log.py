"""The log writer: many turns, few transactions, and a fence for each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.clock import SystemClock
from bot.engine import log as under_test
from bot.engine.log import LogWriter
from bot.engine.telemetry import Telemetry
from bot.errors import LeaseLostError
from bot.ports.store import Transaction
from bot.protocol.events import ItemAppended, Recorded, ToolStarted, TurnSteered
from bot.protocol.ids import CallId, ItemId, TurnId
from bot.store.conversations import Claim
from bot.store.engine import begin
from bot.store.log import load_events
from bot.store.postgres import PostgresStore
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.store import TENANT, all_of, own, start

WORDS = ItemAppended(item_id=ItemId("t"), text="more")


class Desk:
    """A running log writer with its counters."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.telemetry = Telemetry()
        self.writer = LogWriter(PostgresStore(engine), SystemClock(), self.telemetry)
        self.engine = engine

    def count(self, name: str) -> float:
        return self.telemetry.registry.get_sample_value(name) or 0

    async def begun(self, turn: str = "t") -> tuple[Claim, TurnId]:
        """Make a turn without events in a claimed conversation."""
        claim = await own(self.engine)
        return claim, await start(self.engine, claim, turn)

    async def seqs(self, turn: TurnId) -> list[int]:
        async with begin(self.engine) as conn:
            return [seq for seq, _, _ in await load_events(conn, TENANT, turn)]


@pytest.fixture
async def desk(engine: AsyncEngine) -> AsyncIterator[Desk]:
    made = Desk(engine)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.writer.run())
        yield made
        running.cancel()


async def test_appends_of_many_turns_land_in_few_commits(desk: Desk) -> None:
    begun = [await desk.begun(f"t{n}") for n in range(40)]

    async def stream(claim: Claim, turn: TurnId) -> None:
        for seq in (1, 2, 3):
            await desk.writer.append(claim, turn, [WORDS], first_seq=seq)

    await all_of(stream(claim, turn) for claim, turn in begun)
    assert desk.count("deskhand_events_total") == 120
    assert desk.count("deskhand_commits_total") <= 12
    for _, turn in begun:
        assert await desk.seqs(turn) == [1, 2, 3]


async def test_text_waits_for_company_and_goes_with_what_does_not_wait(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "LINGER", 3600.0)
    patient, hurried = await desk.begun("patient"), await desk.begun("hurried")

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(desk.writer.append(*patient, [WORDS], first_seq=1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await desk.writer.append(*hurried, [TurnSteered(text="now")], first_seq=1)
    assert desk.count("deskhand_commits_total") == 1


async def test_an_old_fence_fails_alone(desk: Desk) -> None:
    good, bad = await desk.begun("good"), await desk.begun("bad")
    async with begin(desk.engine) as conn:
        await conn.execute(
            text(
                "UPDATE conversation SET fence = fence + 1 WHERE conversation_id = :c"
            ),
            {"c": bad[0].conversation_id},
        )

    async def append(claim: Claim, turn: TurnId) -> Sequence[Recorded] | str:
        try:
            return await desk.writer.append(claim, turn, [WORDS], first_seq=1)
        except LeaseLostError:
            return "lost"

    written, lost = await all_of([append(*good), append(*bad)])
    assert len(written) == 1
    assert lost == "lost"
    assert await desk.seqs(good[1]) == [1]
    assert await desk.seqs(bad[1]) == []


async def test_what_must_be_true_together_is_committed_together(desk: Desk) -> None:
    claim, turn = await desk.begun()

    async def also(tx: Transaction) -> None:
        await tx.set_turn_status(
            claim, turn, "parked", at=SystemClock().now(), answer="together"
        )

    async def fails(tx: Transaction) -> None:
        await also(tx)
        raise OSError("something else is broken")

    async def answer() -> str:
        async with begin(desk.engine) as conn:
            return str(await conn.scalar(text("SELECT answer FROM turn")))

    with pytest.raises(OSError, match="something else"):
        await desk.writer.append(claim, turn, [WORDS], first_seq=1, also=[fails])
    assert await desk.seqs(turn) == []
    assert await answer() != "together"
    await desk.writer.append(claim, turn, [WORDS], first_seq=1, also=[also])
    assert await desk.seqs(turn) == [1]
    assert await answer() == "together"


async def test_followers_hear_of_what_is_committed_and_of_nothing_else(
    desk: Desk,
) -> None:
    heard: list[int] = []
    claim, turn = await desk.begun()
    stop = desk.writer.follow(lambda batch: heard.extend(r.seq for r in batch))
    await desk.writer.append(claim, turn, [WORDS, WORDS], first_seq=1)
    with pytest.raises(LeaseLostError):
        await desk.writer.append(claim, turn, [WORDS], first_seq=9)
    stop()
    await desk.writer.append(claim, turn, [WORDS], first_seq=3)
    assert heard == [1, 2]


async def test_a_bad_event_fails_without_its_company(desk: Desk) -> None:
    good, bad = await desk.begun("good"), await desk.begun("bad")
    hostile = TurnSteered(text="\ud800 \x00")

    async def append(claim: Claim, turn: TurnId, event: TurnSteered) -> object:
        try:
            return await desk.writer.append(claim, turn, [event], first_seq=1)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is its own
            return error

    await all_of([append(*good, TurnSteered(text="fine")), append(*bad, hostile)])
    assert await desk.seqs(good[1]) == [1]


async def test_nothing_is_shown_before_it_is_committed(house: House) -> None:
    rest, end = Gate(), Gate()
    house.agents.say("Seen. ", rest, "Not yet.", end)
    house.process()
    await house.say("maya", "hi")
    await house.sees("Seen.")
    async with house.nothing_commits():
        rest.open()
        await house.until("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")
        [message] = house.halls["slack"].messages.values()
        assert "Not yet." not in message.words
    await house.sees("Not yet.")
    end.open()


async def test_a_snapshot_is_its_events_to_the_instant(house: House) -> None:
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    loaded = await house.loaded()
    assert loaded == await house.state()


async def test_a_damaged_snapshot_is_rebuilt_from_the_events(house: House) -> None:
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    await house.execute("UPDATE snapshot SET checksum = 'nonsense'")
    loaded = await house.loaded()
    assert loaded == await house.state()


async def test_the_same_words_of_the_next_owner_are_not_what_landed(desk: Desk) -> None:
    old, turn = await desk.begun()
    new = replace(old, fence=old.fence + 1)
    async with begin(desk.engine) as conn:
        await conn.execute(text("UPDATE conversation SET fence = fence + 1"))
    intent = ToolStarted(call_id=CallId("c"), key="k", attempt=1)
    await desk.writer.append(new, turn, [intent], first_seq=1)
    assert await desk.writer.landed(new, turn, [intent], 1)
    assert not await desk.writer.landed(old, turn, [intent], 1)
