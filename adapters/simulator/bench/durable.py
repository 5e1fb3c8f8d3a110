"""What one durable turn costs, beside the same turn on somebody else's engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias

from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.figures import Aim, Baseline, Figure, median, quantile
from adapters.simulator.bench.scene import Bench, dsn_of

ROUNDS = 3
"""How often ours and theirs take turns."""
POLLING = 0.02
"""Seconds between two looks of DBOS at its queue."""
_TURNS = {1: 30, 20: 200}
"""How many turns one round makes, with so many under way."""
_STAFF = 50
_MS = 1000.0
_TURN = (
    "a durable turn from its message to its end (a reply that calls a tool, the tool, "
    "the reply that answers; no platform, no web, no model)"
)
_SAME = "the same as a workflow of three steps on dbos, started from its queue"
_OURS = "bot.commands.bench_alone"
_THEIRS = "adapters.simulator.bench.turns_on_dbos"

NAMES = ("step.wall.1", "step.cpu.1", "step.wall.20", "step.cpu.20")

_Kind: TypeAlias = Literal["ours", "queued", "called"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """What the turns of one round cost, in milliseconds a turn."""

    p50: float
    """Of one turn's time."""
    p99: float
    wall: float
    """Time over turns."""
    cpu: float
    postgres: float
    """CPU of the server meanwhile."""


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    found: list[Figure] = []
    for lanes in _TURNS:
        names = [name for name in NAMES if name.endswith(f".{lanes}") and wanted(name)]
        if names:
            costs = await _costs(bench, lanes)
            found += [f for f in _figures(lanes, costs) if f.name in names]
    return found


async def _costs(bench: Bench, lanes: int) -> Mapping[_Kind, list[_Cost]]:
    costs: dict[_Kind, list[_Cost]] = {"ours": []}
    if find_spec("dbos"):
        costs |= {"queued": [], "called": []}
    else:
        bench.tell("step: dbos is not installed (make bench does); no comparison")
    for number in range(1, ROUNDS + 1):
        for kind, seen in costs.items():
            bench.tell(f"step: {lanes} at once, round {number} of {ROUNDS}, {kind}")
            seen.append(await _cost(bench, kind, lanes))
    return costs


async def _cost(bench: Bench, kind: _Kind, lanes: int) -> _Cost:
    url = await bench.database("bench_turns")
    arguments = {
        "lanes": lanes,
        "turns": _TURNS[lanes],
        "postgres": bench.postgres_pid(),
    }
    if kind == "ours":
        company = write_company(bench.folder / f"company-{_STAFF}", staff=_STAFF)
        order = {"work": "steps", "url": url, "company": str(company)}
        answer = await run_apart(_OURS, order | {"with": arguments}, log=bench.log)
    else:
        theirs = {"url": dsn_of(url).replace("://", "+psycopg://"), "polling": POLLING}
        order = theirs | arguments | {"queued": kind == "queued"}
        answer = await run_apart(_THEIRS, order, log=bench.log)
    turns = answer["turns"]
    return _Cost(
        p50=quantile(answer["latencies"], 0.5) * _MS,
        p99=quantile(answer["latencies"], 0.99) * _MS,
        wall=answer["seconds"] / turns * _MS,
        cpu=answer["cpu"] / turns * _MS,
        postgres=answer["postgres"] / turns * _MS,
    )


def _figures(lanes: int, costs: Mapping[_Kind, list[_Cost]]) -> list[Figure]:
    def middle(kind: _Kind, of: Callable[[_Cost], float]) -> float | None:
        return median([of(cost) for cost in costs[kind]]) if kind in costs else None

    def beside(what: str, of: Callable[[_Cost], float]) -> Baseline | None:
        value = middle("queued", of)
        return None if value is None else Baseline(what=what, value=value)

    one = lanes == 1
    wall: Callable[[_Cost], float] = (lambda c: c.p50) if one else (lambda c: c.wall)
    middle_wall = median([wall(cost) for cost in costs["ours"]])
    p99 = median([cost.p99 for cost in costs["ours"]])
    polled = f", which is looked at every {POLLING * _MS:g} ms"
    how = "the time of one, alone" if one else f"time over turns, {lanes} at once"
    return [
        Figure(
            name=f"step.wall.{lanes}",
            unit="ms",
            values={"p50": middle_wall, "p99": p99} if one else {"median": middle_wall},
            what=f"{_TURN}: {how}",
            runs=ROUNDS,
            samples=_TURNS[lanes],
            baseline=beside(_SAME + polled, wall),
            notes=_noted({"dbos without its queue": middle("called", wall)}),
            aim=Aim(of="ratio", below=0.5),
        ),
        Figure(
            name=f"step.cpu.{lanes}",
            unit="ms",
            values={"median": median([cost.cpu for cost in costs["ours"]])},
            what=f"{_TURN}: CPU of the process a turn, meanwhile",
            runs=ROUNDS,
            samples=_TURNS[lanes],
            baseline=beside(_SAME, lambda c: c.cpu),
            notes=_noted(
                {
                    "dbos without its queue": middle("called", lambda c: c.cpu),
                    "Postgres for ours": middle("ours", lambda c: c.postgres),
                    "Postgres for dbos": middle("queued", lambda c: c.postgres),
                }
            ),
            aim=Aim(of="ratio", below=0.5),
        ),
    ]


def _noted(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
