"""What the log takes from many streaming turns, and how long they wait for it."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.figures import Aim, Baseline, Figure, median, spread_over
from adapters.simulator.bench.rows import Copied, copied
from adapters.simulator.bench.scene import Bench

TURNS = 200
ROUNDS = 3
SECONDS = 4.0
PACE = 60.0
"""Words a second of each turn: a quick model."""
_STAFF = 50
_MS = 1000.0

NAMES = ("log.writer", "log.ceiling", "log.wait")

_Window = Mapping[str, Any]


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    found: list[Figure] = []
    if wanted("log.writer"):
        rounds = await _rounds(bench, "the log writer alone", "appenders", {})
        found.append(_events("log.writer", _WRITER, *rounds))
    if wanted("log.ceiling"):
        pace = {"words_per_second": 0}
        rounds = await _rounds(bench, "as fast as the log takes it", "crowd", pace)
        found.append(_events("log.ceiling", _CEILING, *rounds))
    if wanted("log.wait"):
        pace = {"words_per_second": PACE}
        rounds = await _rounds(bench, f"{PACE:g} words/s each", "crowd", pace)
        found.append(_wait(*rounds))
    return found


async def _rounds(
    bench: Bench, what: str, work: str, more: Mapping[str, float]
) -> tuple[list[_Window], list[Copied]]:
    windows: list[_Window] = []
    beside: list[Copied] = []
    for number in range(1, ROUNDS + 1):
        bench.tell(f"log: {TURNS} turns, {what}, round {number} of {ROUNDS}")
        url = await bench.database("bench_log")
        company = write_company(bench.folder / f"company-{_STAFF}", staff=_STAFF)
        order = {
            "work": work,
            "url": url,
            "company": str(company),
            "with": {"turns": TURNS, "seconds": SECONDS, **more},
        }
        window = await run_apart("bot.commands.bench_alone", order, log=bench.log)
        windows.append(window)
        rows, commits = int(window["events"]), max(1, int(window["commits"]))
        group = max(1, rows // commits)
        beside.append(await copied(url, bench.clock, rows=rows, group=group))
    return windows, beside


_WRITER = (
    f"events committed a second by the log writer alone, {TURNS} appenders at once, "
    "each of which appends its next event as soon as its last one is committed"
)
_CEILING = (
    f"events committed a second by {TURNS} turns, each of which says its next word as "
    "soon as its last one is committed: agents, runners, states, log writer, Postgres"
)


def _events(
    name: str, what: str, windows: list[_Window], beside: list[Copied]
) -> Figure:
    return Figure(
        name=name,
        unit="/s",
        values={"median": median([w["events"] / w["seconds"] for w in windows])},
        what=what,
        runs=ROUNDS,
        baseline=Baseline(
            what="the same rows by plain asyncpg COPY on the same database, in groups "
            "as large as our commits, each committed before the next; rows/s",
            value=median([copy.grouped for copy in beside]),
        ),
        aim=Aim(of="ratio", at_least=0.5),
        notes={
            "the same rows by one COPY, rows/s": median([c.at_once for c in beside]),
            "events per commit": median([w["events"] / w["commits"] for w in windows]),
            "CPU microseconds per event": median(
                [w["cpu"] / w["events"] * 1e6 for w in windows]
            ),
            "share of a core": median([w["cpu"] / w["seconds"] for w in windows]),
        },
    )


def _wait(windows: list[_Window], beside: list[Copied]) -> Figure:
    return Figure(
        name="log.wait",
        unit="ms",
        values=spread_over([[s * _MS for s in w["waits"]] for w in windows]),
        what=f"from when a word comes out of the model until it is committed, {TURNS} "
        f"turns at {PACE:g} words/s each, those of one turn merged per commit",
        runs=ROUNDS,
        samples=int(median([float(w["words"]) for w in windows])),
        baseline=Baseline(
            what="one commit of as many rows by plain asyncpg COPY",
            value=median([copy.commit_ms for copy in beside]),
        ),
        aim=Aim(of="p99", below=50.0),
        notes={
            "words/s": median([w["words"] / w["seconds"] for w in windows]),
            "events/s": median([w["events"] / w["seconds"] for w in windows]),
            "commits/s": median([w["commits"] / w["seconds"] for w in windows]),
            "share of a core": median([w["cpu"] / w["seconds"] for w in windows]),
        },
    )
