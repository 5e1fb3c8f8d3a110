"""The part of the benchmark that shows turns for real: ours and others, side by side."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.simulator.bench.delivery import ours, rivals
from adapters.simulator.bench.delivery.ours import Platform
from adapters.simulator.bench.delivery.scores import Outcome
from adapters.simulator.bench.delivery.table import as_table, as_values
from adapters.simulator.bench.figures import Aim, Baseline, Figure
from adapters.simulator.bench.pacing.bounds import bound, of_calls
from adapters.simulator.bench.pacing.picture import Line, as_svg
from adapters.simulator.bench.pacing.scenarios import FLOOR, KITS, SEED, rules_of
from adapters.simulator.bench.pacing.traces import Trace, at_once
from adapters.simulator.bench.scene import Bench

SIZES = (1, 5, 20, 100)
STAGGER = 20.0
"""Seconds from one size of the others to the next: longer than a turn, after which
they only wait for what was refused."""
BESIDE = 2.0
"""Seconds between two ways of one size, so that not all begin at the same moment."""
PICTURES = Path("docs/pictures")
"""Redrawn whenever every size was shown, where there is such a folder."""
TITLE = "{}: mean seconds from said to visible (never: 120), lower is better"
TENANT = 50.0
"""Requests a second that Teams takes of one app in one tenant.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""
_ON, _OFF = "ours, native streams", "ours, edits only"
_BOUND = "bound, same lanes and floor"


@dataclass(frozen=True, slots=True)
class Cell:
    """So many turns at once on one platform."""

    platform: Platform
    turns: int

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        return f"delivery.{self.turns}-at-once.{self.platform}"

    def traces(self) -> list[Trace]:
        """Return its turns: those that `pacing` has too."""
        return at_once(self.turns, SEED)

    def bounds(self) -> dict[str, float]:
        """Return what a clairvoyant could reach, by what is allowed."""
        traces = self.traces()
        if self.platform == "teams":
            return {_BOUND: of_calls(traces, per_second=TENANT, floor=FLOOR)}
        edits, streams = (bound(traces, rules_of(kit, windows=True)) for kit in KITS)
        return {f"{_BOUND}, edits only": edits, _BOUND: streams}


CELLS = tuple(
    Cell(platform, turns) for platform in ("slack", "teams") for turns in SIZES
)
NAMES = tuple(cell.name for cell in CELLS)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    cells = [cell for cell in CELLS if wanted(cell.name)]
    # All at once: most of their time they wait for what was refused.
    theirs = await _rivals(bench, cells)
    results = {cell: await _ours(bench, cell) | theirs[cell] for cell in cells}
    for cell, outcomes in results.items():
        bench.tell(as_table(cell.name, outcomes, cell.bounds()))
    _draw(results)
    return [figure_of(cell, outcomes) for cell, outcomes in results.items()]


async def _ours(bench: Bench, cell: Cell) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for name, streams in ((_ON, True), (_OFF, False)):
        bench.tell(f"{cell.name}: {name}")
        outcomes[name] = await ours.show(
            bench, cell.platform, cell.traces(), streams=streams
        )
    return outcomes


async def _rivals(
    bench: Bench, cells: Sequence[Cell]
) -> dict[Cell, dict[str, Outcome]]:
    """Let all others show their turns, one size after the other, the slowest first."""
    found: dict[tuple[Cell, str], Outcome] = {}

    async def show(cell: Cell, rival: rivals.Rival, after: float) -> None:
        await bench.clock.sleep(after)
        bench.tell(f"{cell.name}: {rival.way}")
        found[cell, rival.way] = await rivals.show(bench, rival, cell.traces())

    async with asyncio.TaskGroup() as tasks:
        for number, cell in enumerate(sorted(cells, key=_how_soon)):
            for place, rival in enumerate(rivals.ON[cell.platform]):
                after = number * STAGGER + place * BESIDE
                tasks.create_task(show(cell, rival, after))
    return {
        cell: {r.way: found[cell, r.way] for r in rivals.ON[cell.platform]}
        for cell in cells
    }


def _how_soon(cell: Cell) -> tuple[bool, Platform, int]:
    return cell.turns == 1, cell.platform, -cell.turns


def _draw(results: Mapping[Cell, Mapping[str, Outcome]]) -> None:
    if len(results) == len(CELLS) and PICTURES.is_dir():
        for platform in rivals.ON:
            mine = {c: o for c, o in results.items() if c.platform == platform}
            file = PICTURES / f"delivery-{platform}.svg"
            file.write_text(drawn(platform, mine))


def drawn(platform: Platform, results: Mapping[Cell, Mapping[str, Outcome]]) -> str:
    """Return the picture of all sizes on one platform."""
    limits = [cell.bounds()[_BOUND] for cell in results]
    lines = [Line(name=_BOUND, values=limits, dashed=True)]
    lines += [
        Line(
            name=name,
            values=[outcomes[name].score.mean for outcomes in results.values()],
            bold=name == _ON,
        )
        for name in next(iter(results.values()))
    ]
    sizes = [f"{cell.turns} at once" for cell in results]
    return as_svg(TITLE.format(platform.title()), sizes, lines)


def figure_of(cell: Cell, outcomes: Mapping[str, Outcome]) -> Figure:
    """Return the figure of a cell, held against what nobody can do better."""
    mine = outcomes[_ON]
    whole = {
        f"mean lag of another that is whole ({name})": outcome.score.mean
        for name, outcome in outcomes.items()
        if outcome.correct == 1 and name not in (_ON, _OFF)
    }
    best = min(whole, key=whole.__getitem__, default="")
    return Figure(
        name=cell.name,
        unit="s",
        values={"median": mine.score.mean},
        what="mean lag of a character, from said to visible at the stand-in, of "
        f"{cell.turns} turns at once, the real bot with native streams, "
        f"documented limits, {ours.WEATHER.said}",
        samples=cell.turns,
        baseline=Baseline(
            what="what a clairvoyant could reach with the same lanes and floor",
            value=cell.bounds()[_BOUND],
        ),
        aim=Aim(of="ratio", below=1.25),
        notes={
            **as_values(mine),
            "mean lag without streams": outcomes[_OFF].score.mean,
            **({best: whole[best]} if best else {}),
        },
        details={
            **{name: as_values(outcome) for name, outcome in outcomes.items()},
            **{name: {"mean lag": lag} for name, lag in cell.bounds().items()},
        },
    )
