"""What turns that are parked cost those who work: nothing, as they are rows."""

import asyncio
import gc
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import asyncpg
from typing_extensions import override

from adapters.simulator.bench.alone.agents import WISH
from adapters.simulator.bench.alone.engine import Alone
from adapters.simulator.bench.process import resident_mib
from bot.clock import Clock
from bot.ports.store import Point, Store, Transaction
from bot.protocol.ids import ConversationId, TurnId

_SETTLE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The process with so many turns parked."""

    resident: float
    """MiB."""
    tasks: int
    claims: list[float]
    """Seconds that each look for a conversation to claim took."""
    begun: list[float]
    """Seconds from when a message was committed until its turn's first event was."""
    conversations: int
    """How many are owned at rest."""


class Timed(Store):
    """A store that knows how long claims took."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.claims: list[float] = []

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        started = self._clock.monotonic()
        async with self._store.begin(point) as tx:
            yield tx
        if point == "worker.claim":
            self.claims.append(self._clock.monotonic() - started)

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        await self._store.listen(hear, on_connect=on_connect)


async def run(
    alone: Alone, store: Timed, *, dsn: str, parked: int, copies: int, samples: int
) -> dict[str, object]:
    """Return the process before and after many turns are parked.

    Args:
        alone: The engine, on ``store``.
        store: What knows how long claims took.
        dsn: Of the database, as asyncpg wants it.
        parked: How many turns this process parks itself.
        copies: How many more, as copies of the rows of one of them.
        samples: How many messages each look answers.
    """
    async with alone.working():
        await _look(alone, store, samples)  # what the first time costs is no growth
        before = await _look(alone, store, samples)
        turn_id = [await _park(alone) for _ in range(parked)][-1]
        await alone.at_rest()
        await copy_turn(dsn, turn_id, copies)
        after = await _look(alone, store, samples)
    return {"before": asdict(before), "after": asdict(after)}


async def _park(alone: Alone) -> TurnId:
    turn_id = await alone.say(WISH)
    await alone.happened(turn_id, "turn.parked")
    return turn_id


async def _look(alone: Alone, store: Timed, samples: int) -> Look:
    store.claims.clear()
    begun: list[float] = []
    for _ in range(samples):
        turn_id = await alone.say()
        committed = alone.clock.monotonic()
        begun.append(await alone.happened(turn_id, "turn.started") - committed)
        await alone.ended([turn_id])
    await alone.at_rest()
    claims = list(store.claims)
    await alone.clock.sleep(_SETTLE)
    gc.collect()
    return Look(
        resident=resident_mib(os.getpid()),
        tasks=len(asyncio.all_tasks()),
        claims=claims,
        begun=begun,
        conversations=alone.worker.conversations,
    )


# ---------------------------------------------------------------- copies of one turn

_TABLES = ("conversation", "turn", "turn_event", "snapshot", "approval")
"""In an order in which foreign keys hold."""
_OWN = {"conversation_id", "turn_id", "approval_id", "requester_id"}
"""Columns in which each copy differs."""
_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
"""


async def copy_turn(dsn: str, turn_id: str, copies: int) -> None:
    """Make copies of all rows of a turn that is parked, each a turn of its own."""
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            for table in _TABLES:
                columns = [
                    row["column_name"] for row in await conn.fetch(_COLUMNS, table)
                ]
                await conn.execute(_copy_of(table, columns), turn_id, copies)
        await conn.execute("ANALYZE")
    finally:
        await conn.close()


def _copy_of(table: str, columns: Sequence[str]) -> str:
    values = [f"t.{c} || '-' || n" if c in _OWN else f"t.{c}" for c in columns]
    rows = (
        "t.conversation_id = (SELECT conversation_id FROM turn WHERE turn_id = $1)"
        if table == "conversation"
        else "t.turn_id = $1"
    )
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our schema
        f"SELECT {', '.join(values)} FROM {table} AS t, generate_series(1, $2) AS n "
        f"WHERE {rows}"
    )
