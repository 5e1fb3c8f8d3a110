"""Ten thousand parked turns: what those who work notice of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.figures import Aim, Baseline, Figure, quantile
from adapters.simulator.bench.scene import Bench

PARKED = 300
"""By the process itself."""
COPIES = 9700
SAMPLES = 150
_TURNS = PARKED + COPIES
_STAFF = 50
_MS = 1000.0

NAMES = (
    "parked.10000.memory",
    "parked.10000.tasks",
    "parked.10000.claim",
    "parked.10000.begin",
)

_Look = Mapping[str, Any]


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    bench.tell(f"parked: {_TURNS:,} turns")
    company = write_company(bench.folder / f"company-{_STAFF}", staff=_STAFF)
    order = {
        "work": "parked",
        "url": await bench.database("bench_parked"),
        "company": str(company),
        "with": {"parked": PARKED, "copies": COPIES, "samples": SAMPLES},
    }
    looks = await run_apart("bot.commands.bench_alone", order, log=bench.log)
    figures = _figures(looks["before"], looks["after"])
    return [figure for figure in figures if wanted(figure.name)]


def _figures(before: _Look, after: _Look) -> list[Figure]:
    growth = after["resident"] - before["resident"]
    return [
        Figure(
            name="parked.10000.memory",
            unit="MiB",
            values={"median": after["resident"], "growth": growth},
            what=f"resident memory of the engine with {_TURNS:,} parked turns in its "
            f"database, {PARKED} of which it parked itself (the others are copies of "
            "their rows); the growth holds the allocator's reserves, and what answering "
            f"{2 * SAMPLES} messages leaves behind",
            baseline=Baseline(
                what="the same process with none", value=before["resident"]
            ),
            notes={"growth, MiB": growth},
            aim=Aim(of="growth", below=10.0),
        ),
        Figure(
            name="parked.10000.tasks",
            unit="",
            values={"median": after["tasks"]},
            what="asyncio tasks of the process then, at rest",
            baseline=Baseline(what="with none parked", value=before["tasks"]),
            notes={"conversations owned": after["conversations"]},
            aim=Aim(of="median", below=before["tasks"] + 1),
        ),
        _beside(
            "parked.10000.claim",
            "a look for a conversation to claim, found or not, as one transaction",
            before["claims"],
            after["claims"],
        ),
        _beside(
            "parked.10000.begin",
            "from when a message is committed until its turn's first event is",
            before["begun"],
            after["begun"],
        ),
    ]


def _beside(
    name: str, what: str, before: Sequence[float], after: Sequence[float]
) -> Figure:
    def spread(samples: Sequence[float]) -> dict[str, float]:
        return {f"p{n}": quantile(samples, n / 100) * _MS for n in (50, 99)}

    return Figure(
        name=name,
        unit="ms",
        values=spread(after),
        what=f"{what}, with {_TURNS:,} turns parked",
        samples=len(after),
        baseline=Baseline(
            what="the p50 with none parked, in the same process",
            value=spread(before)["p50"],
        ),
        notes={"p99 with none": spread(before)["p99"]},
        aim=Aim(of="ratio", below=1.5),
    )
