"""What streaming costs: events and commits a second, CPU, memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from adapters.simulator.bench.company import ANSWER_WORDS, QUESTION
from adapters.simulator.bench.figures import Baseline, Figure, median
from adapters.simulator.bench.letters import Letter, slack_letters, teams_letters
from adapters.simulator.bench.process import cpu_seconds, resident_mib
from adapters.simulator.bench.scene import PACE, Bench, Scene, dsn_of, playing

LIVE = 50
STAFF = 2 * LIVE
WINDOWS = 3
WINDOW_SECONDS = 5.0
_SETTLE = 2.0
"""Seconds until what a scene begins with is over."""
_WORDS = 1000.0

NAMES = (
    "events.50-live",
    "commits.50-live",
    "cpu.1-live",
    "cpu.50-live",
    "memory.idle",
    "memory.50-live",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What happened in some seconds."""

    seconds: float
    events: float
    commits: float
    words: int
    cpu: float
    resident: float
    """MiB at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    idle_mib: float
    idle_cpu: float
    """Seconds of CPU a second."""
    one: list[_Window]
    many: list[_Window]
    copied: float
    """Rows a second."""
    executed: float
    """Rows a second."""


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    async with playing(bench, staff=STAFF) as scene:
        seen = await _watch(scene)
    return [figure for figure in _figures(seen) if wanted(figure.name)]


async def _watch(scene: Scene) -> _Seen:
    tell, sleep = scene.bench.tell, scene.bench.clock.sleep
    tell("streaming: idle")
    await sleep(_SETTLE)
    idle = await _window(scene)
    tell("streaming: 1 turn")
    await scene.start_turns(slack_letters(scene.stage, [0], QUESTION), rate=LIVE)
    await sleep(_SETTLE)
    one = [await _window(scene) for _ in range(2)]
    tell(f"streaming: {LIVE} turns")
    await scene.start_turns(_crowd(scene), rate=LIVE)
    await sleep(_SETTLE)
    many = [await _window(scene) for _ in range(WINDOWS)]
    tell("streaming: the same rows by Postgres alone")
    await scene.process.kill()
    events = round(median([window.events for window in many]))
    commits = round(median([window.commits for window in many]))
    copied, executed = await _alone(scene, rows=events, commits=max(1, commits))
    return _Seen(
        idle_mib=idle.resident,
        idle_cpu=idle.cpu / idle.seconds,
        one=one,
        many=many,
        copied=copied,
        executed=executed,
    )


def _crowd(scene: Scene) -> list[Letter]:
    """Return letters of as many people as are missing, half of them in Teams."""
    half = LIVE // 2
    return [
        *slack_letters(scene.stage, range(1, half), QUESTION),
        *teams_letters(scene.stage, range(half, LIVE), QUESTION),
    ]


async def _window(scene: Scene) -> _Window:
    clock, pid = scene.bench.clock, scene.process.pid
    started, begun = clock.monotonic(), clock.now()
    events = await scene.count("deskhand_events_total")
    commits = await scene.count("deskhand_commits_total")
    cpu = cpu_seconds(pid)
    await clock.sleep(WINDOW_SECONDS)
    used = cpu_seconds(pid) - cpu
    return _Window(
        events=await scene.count("deskhand_events_total") - events,
        commits=await scene.count("deskhand_commits_total") - commits,
        seconds=clock.monotonic() - started,
        cpu=used,
        resident=resident_mib(pid),
        words=(await scene.rows(_COUNT_WORDS, begun, clock.now()))[0]["words"],
    )


_COUNT_WORDS = r"""
    SELECT coalesce(sum(cardinality(regexp_split_to_array(
        trim(body ->> 'text'), '\s+'))), 0)::int AS words
    FROM turn_event
    WHERE type = 'item.appended' AND at >= $1 AND at < $2
"""


# ------------------------------------------------------------------- Postgres alone


async def _alone(scene: Scene, *, rows: int, commits: int) -> tuple[float, float]:
    """Return how many rows a second Postgres takes without us.

    Args:
        scene: Whose log the rows are from; the bot is gone.
        rows: How many.
        commits: In how many transactions.

    Returns:
        By COPY in one transaction, and by executemany in ``commits`` transactions.
    """
    conn = await asyncpg.connect(dsn_of(scene.database_url))
    try:
        # Written once before it counts, so that both find warm pages.
        found = await conn.fetch("SELECT * FROM turn_event LIMIT $1", rows)
        records = [tuple(record.values()) for record in found]
        await conn.execute("CREATE TABLE alone (LIKE turn_event INCLUDING ALL)")
        copied = [await _copied(scene, conn, records) for _ in range(3)]
        executed = [await _executed(scene, conn, records, commits) for _ in range(3)]
    finally:
        await conn.close()
    return median(copied), median(executed)


_Rows = list[tuple[object, ...]]
_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def _copied(scene: Scene, conn: _Connection, records: _Rows) -> float:
    await conn.execute("TRUNCATE alone")
    started = scene.bench.clock.monotonic()
    await conn.copy_records_to_table("alone", records=records)
    return len(records) / (scene.bench.clock.monotonic() - started)


async def _executed(
    scene: Scene, conn: _Connection, records: _Rows, commits: int
) -> float:
    await conn.execute("TRUNCATE alone")
    step = -(-len(records) // commits)
    started = scene.bench.clock.monotonic()
    for first in range(0, len(records), step):
        # asyncpg makes one transaction of it.
        await conn.executemany(
            "INSERT INTO alone VALUES ($1, $2, $3, $4, $5, $6)",
            records[first : first + step],
        )
    return len(records) / (scene.bench.clock.monotonic() - started)


# ------------------------------------------------------------------------- figures


def _figures(seen: _Seen) -> list[Figure]:
    return [*_throughput(seen), *_cpu(seen), *_memory(seen)]


def _throughput(seen: _Seen) -> list[Figure]:
    return [
        Figure(
            name="events.50-live",
            unit="/s",
            values={"median": median([w.events / w.seconds for w in seen.many])},
            what=f"events committed a second while {LIVE} turns, half in Slack and "
            f"half in Teams, stream answers of {ANSWER_WORDS} words at about {PACE:g} "
            "words/s each; the pace is the model's, so this is no ceiling",
            runs=WINDOWS,
            baseline=Baseline(
                what="the same rows by plain asyncpg executemany, one transaction "
                "after the other, in as many as the bot made; rows/s",
                value=seen.executed,
            ),
            notes={
                "words/s": median([w.words / w.seconds for w in seen.many]),
                "the same rows by one COPY, rows/s": seen.copied,
            },
        ),
        Figure(
            name="commits.50-live",
            unit="/s",
            values={"median": median([w.commits / w.seconds for w in seen.many])},
            what="group commits a second meanwhile (those that write more than "
            "events, e.g. a turn's end, are not counted)",
            runs=WINDOWS,
            notes={
                "events per commit": median(
                    [w.events / max(1.0, w.commits) for w in seen.many]
                )
            },
        ),
    ]


def _cpu(seen: _Seen) -> list[Figure]:
    one, many = (
        [w.cpu * _WORDS / max(1, w.words) for w in windows]
        for windows in (seen.one, seen.many)
    )
    return [
        Figure(
            name="cpu.1-live",
            unit="s",
            values={"median": median(one)},
            what="CPU seconds of the bot per 1,000 words streamed, 1 turn live",
            runs=len(one),
            notes={
                "share of a core": median([w.cpu / w.seconds for w in seen.one]),
                "share of a core when idle": seen.idle_cpu,
            },
        ),
        Figure(
            name="cpu.50-live",
            unit="s",
            values={"median": median(many)},
            what=f"the same with {LIVE} turns live",
            runs=len(many),
            baseline=Baseline(what="with 1 turn live", value=median(one)),
            notes={"share of a core": median([w.cpu / w.seconds for w in seen.many])},
        ),
    ]


def _memory(seen: _Seen) -> list[Figure]:
    live = [window.resident for window in seen.many]
    return [
        Figure(
            name="memory.idle",
            unit="MiB",
            values={"median": seen.idle_mib},
            what=f"resident memory of the bot, started, {STAFF} employees, no turn",
        ),
        Figure(
            name="memory.50-live",
            unit="MiB",
            values={"median": median(live)},
            what=f"the same while {LIVE} turns stream",
            runs=len(live),
            baseline=Baseline(what="idle", value=seen.idle_mib),
            notes={"KiB per live turn": (median(live) - seen.idle_mib) * 1024 / LIVE},
        ),
    ]
