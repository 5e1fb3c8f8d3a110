"""The rows of a log, written by Postgres' own means: what ours is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from adapters.simulator.bench.figures import median
from adapters.simulator.bench.scene import dsn_of
from bot.clock import Clock

RUNS = 3
Record: TypeAlias = tuple[object, ...]
_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How fast plain ``COPY`` was."""

    grouped: float
    """Rows a second, each group in a transaction of its own."""
    at_once: float
    """Rows a second, all of them in one."""
    commit_ms: float
    """Milliseconds of one group, its commit included."""


async def copied(url: str, clock: Clock, *, rows: int, group: int) -> Copied:
    """Copy rows of a database's log into a table of the same shape, and time it.

    Args:
        url: Of the database; nobody else works on it.
        clock: The time.
        rows: How many.
        group: How many in a transaction.
    """
    conn = await asyncpg.connect(dsn_of(url))
    try:
        found = await conn.fetch(
            "SELECT * FROM turn_event WHERE type = 'item.appended' LIMIT $1", rows
        )
        records = [tuple(record.values()) for record in found]
        await conn.execute("CREATE TABLE alone (LIKE turn_event INCLUDING ALL)")
        # Written once before it counts, so that every run finds warm pages.
        await _seconds(conn, clock, [records])
        groups = [records[n : n + group] for n in range(0, len(records), group)]
        grouped = [await _seconds(conn, clock, groups) for _ in range(RUNS)]
        at_once = [await _seconds(conn, clock, [records]) for _ in range(RUNS)]
    finally:
        await conn.close()
    return Copied(
        grouped=len(records) / median(grouped),
        at_once=len(records) / median(at_once),
        commit_ms=median(grouped) / len(groups) * 1000,
    )


async def _seconds(
    conn: _Connection, clock: Clock, groups: Sequence[Sequence[Record]]
) -> float:
    await conn.execute("TRUNCATE alone")
    started = clock.monotonic()
    for records in groups:
        await conn.copy_records_to_table("alone", records=records)
    return clock.monotonic() - started
