"""How many rows and bytes a turn leaves in the log, before and after compaction."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

import asyncpg
from typing_extensions import override

from adapters.simulator.bench.alone.agents import OneTool
from adapters.simulator.bench.alone.engine import Alone
from bot.clock import Clock
from bot.engine.sweeper import Sweeper
from bot.ports.agent import CallReady, Part, Question, Replied, TextDelta
from bot.protocol.ids import CallId
from bot.protocol.values import CallBlock, TextBlock

STEPS = 3
WORDS = 350
_PACE = 1 / 50
"""Seconds between two words."""
_WORD = "printer "

_SIZES = """
    SELECT (SELECT count(*) FROM turn_event) AS rows,
           (SELECT count(*) FROM turn_event WHERE type = 'item.appended') AS text_rows,
           (SELECT sum(pg_column_size(e.*)) FROM turn_event AS e) AS bytes,
           (SELECT sum(pg_column_size(s.*)) FROM snapshot AS s) AS snapshots,
           pg_total_relation_size('turn_event') AS table_bytes,
           pg_total_relation_size('snapshot') AS snapshot_bytes
"""
_AGED = "UPDATE turn SET ended_at = ended_at - interval '1 day'"
_PACKED = "VACUUM FULL turn_event, snapshot"


class Stepping(OneTool):
    """They use a tool three times and then answer at length, at a model's pace."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        if question.ask <= STEPS:
            call, arguments = CallId(f"c{question.ask}"), {"name": "printer"}
            name = "look_up"
            yield CallReady(call_id=call, name=name, arguments={**arguments})
            block = CallBlock(call_id=call, name=name, arguments={**arguments})
            yield Replied(blocks=(block,), stop_reason="tool_use")
            return
        for _ in range(WORDS):
            yield TextDelta(_WORD)
            await self._clock.sleep(_PACE)
        said = TextBlock(text=_WORD * WORDS)
        yield Replied(blocks=(said,), stop_reason="end_turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What all turns have in the log: rows, and bytes."""

    rows: int
    text_rows: int
    bytes: int
    """Of the events' rows, as Postgres keeps them."""
    snapshots: int
    """Of the snapshots' rows."""
    table_bytes: int
    """Of the events' table with its index, packed."""
    snapshot_bytes: int


async def run(alone: Alone, *, turns: int, dsn: str) -> dict[str, object]:
    """Return the log's size with ``turns`` finished, before and after compaction."""
    async with alone.working():
        ids = [await alone.say() for _ in range(turns)]
        await alone.ended(ids)
        await alone.at_rest()
    sweeper = Sweeper(alone.kit)
    conn = await asyncpg.connect(dsn)
    try:
        before = await _size(conn)
        await conn.execute(_AGED)
        for _ in range(turns):  # each round takes some
            if not await sweeper.compact():
                break
        after = await _size(conn)
    finally:
        await conn.close()
    return {"turns": turns, "before": asdict(before), "after": asdict(after)}


async def _size(conn: "asyncpg.Connection[asyncpg.Record]") -> Size:
    await conn.execute(_PACKED)
    row = await conn.fetchrow(_SIZES)
    assert row is not None, "it always gives one"
    return Size(**{name: int(value) for name, value in row.items()})
