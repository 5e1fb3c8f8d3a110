"""The engine alone does what is measured: turns end, stream and park."""

import asyncio
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.rows import copied
from adapters.simulator.bench.scene import dsn_of
from bot.clock import SystemClock
from bot.commands.bench_alone import measured


def order(work: str, url: str, folder: Path, **arguments: object) -> dict[str, Any]:
    company = str(write_company(folder, staff=50))
    return {"work": work, "url": url, "company": company, "with": arguments}


async def counted(url: str, query: str) -> dict[str, int]:
    conn = await asyncpg.connect(dsn_of(url))
    try:
        return {row[0]: row[1] for row in await conn.fetch(query)}
    finally:
        await conn.close()


STATUSES = "SELECT status, count(*)::int FROM turn GROUP BY status"
TYPES = "SELECT type, count(*)::int FROM turn_event GROUP BY type"


async def test_every_turn_uses_its_tool_and_ends(
    empty_database_url: str, tmp_path: Path
) -> None:
    url = empty_database_url
    steps = order("steps", url, tmp_path, lanes=3, turns=7, postgres=os.getpid())
    seen = await run_apart("bot.commands.bench_alone", steps)

    turns = 7 + 5  # and those that warm up
    assert await counted(url, STATUSES) == {"completed": turns}
    types = await counted(url, TYPES)
    assert types["tool.finished"] == types["turn.completed"] == turns
    assert types["model.replied"] == 2 * turns
    assert len(seen["latencies"]) == seen["turns"] == 7
    assert min(seen["latencies"]) > 0 and seen["cpu"] > 0


@pytest.mark.parametrize("pace", [0, 50])
async def test_a_crowd_says_word_after_word_and_every_one_is_committed(
    empty_database_url: str, tmp_path: Path, pace: int
) -> None:
    url = empty_database_url
    seconds = 0.3
    crowd = order(
        "crowd", url, tmp_path, turns=4, seconds=seconds, words_per_second=pace
    )
    seen = await measured(crowd)

    assert await counted(url, STATUSES) == {"completed": 4}
    events, words, commits = seen["events"], seen["words"], seen["commits"]
    assert isinstance(words, int) and isinstance(events, int)
    assert isinstance(commits, float)
    assert words >= events >= commits > 0
    assert not pace or words < 4 * pace * seconds * 10
    beside = await copied(url, SystemClock(), rows=events, group=4)
    assert beside.at_once > beside.grouped / 2 > 0


async def test_parked_turns_are_copied_whole_and_answered_around(
    empty_database_url: str, tmp_path: Path
) -> None:
    url = empty_database_url
    parked = order("parked", url, tmp_path, parked=2, copies=30, samples=3)
    seen = json.loads(json.dumps(await measured(parked)))

    assert await counted(url, STATUSES) == {"parked": 32, "completed": 9}
    approvals = "SELECT status, count(*)::int FROM approval GROUP BY status"
    assert await counted(url, approvals) == {"open": 32}
    for look in (seen["before"], seen["after"]):
        assert look["conversations"] == 0
        assert len(look["begun"]) == 3 and look["claims"]
    assert seen["after"]["tasks"] == seen["before"]["tasks"]


@pytest.mark.skipif(not find_spec("dbos"), reason="dbos is for make bench only")
async def test_the_same_turns_run_on_dbos(empty_database_url: str) -> None:
    dsn = dsn_of(empty_database_url)
    order = {
        "url": dsn.replace("://", "+psycopg://"),
        "polling": 0.01,
        "lanes": 2,
        "turns": 3,
        "queued": True,
        "postgres": os.getpid(),
    }
    async with asyncio.timeout(60):
        seen = await run_apart("adapters.simulator.bench.turns_on_dbos", order)

    runs = "SELECT status, count(*)::int FROM dbos.workflow_status GROUP BY status"
    assert await counted(empty_database_url, runs) == {"SUCCESS": 3 + 5}
    steps = "SELECT workflow_uuid, count(*)::int FROM dbos.operation_outputs GROUP BY 1"
    assert set((await counted(empty_database_url, steps)).values()) == {3}
    assert len(seen["latencies"]) == 3
