"""Which turns are shown, by whom, and how well that went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from adapters.simulator.bench.budgets import Budgets
from adapters.simulator.bench.pacing.baselines import BASELINES, Baseline
from adapters.simulator.bench.pacing.bounds import Rules, bound
from adapters.simulator.bench.pacing.ours import Kit, shown
from adapters.simulator.bench.pacing.scores import NEVER, Score, score
from adapters.simulator.bench.pacing.traces import LIFE, Trace, at_once, steadily
from adapters.simulator.bench.pacing.workspace import Workspace
from adapters.simulator.bench.pacing.world import Screen, World

WARM_UP = 120.0
"""Seconds of a steady state that are not counted: buckets are full only once."""
STEADY = 300.0
"""Seconds in which the turns begin that are counted."""
SEED = 1
FLOOR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Turns that are to be shown."""

    name: str
    seed: int = SEED
    turns: int = 0
    """That begin at once."""
    per_second: float = 0.0
    """That keep coming instead."""

    def traces(self) -> list[Trace]:
        """Return all turns."""
        if self.turns:
            return at_once(self.turns, self.seed)
        return steadily(self.per_second, WARM_UP + STEADY, self.seed)

    def counts(self, trace: Trace) -> bool:
        """Return whether a turn is counted."""
        return bool(self.turns) or trace.start >= WARM_UP


SCENARIOS = (
    *(Scenario(name=f"{n}-at-once", turns=n) for n in (1, 5, 20, 100)),
    *(Scenario(name=f"{n}-live", per_second=n / LIFE) for n in (5, 20, 50)),
    Scenario(name="15-a-minute", per_second=15 / 60),
)

KITS = (
    Kit(name="ours: post, update", floor=FLOOR),
    Kit(name="ours: and streams", floor=FLOOR, streams=True),
)
MAIN = KITS[1]
"""What the aims are for: the lanes that the adapters have."""


def rules_of(kit: Kit, *, windows: bool = False) -> Rules:
    """Return what a clairvoyant may do who has the same lanes, floor and duties."""
    lanes = kit.name.removeprefix("ours: ")
    return Rules(
        name=f"bound, {lanes}" + (", windows of a minute" if windows else ""),
        floor=kit.floor,
        windows=windows,
        streams=kit.streams,
        post_says=False,
        fresh_final=True,
    )


FREE = (
    Rules(name="clairvoyant, no floor: post, update"),
    Rules(name="clairvoyant, no floor: and streams", streams=True),
    Rules(
        name="clairvoyant, no floor: and parts as posts", streams=True, paragraphs=True
    ),
)
"""The bounds of the table in the issue, which know no courtesy."""


def bound_of(scenario: Scenario, rules: Rules) -> float:
    """Return what nobody could do better, in seconds of mean lag."""
    counted = [trace for trace in scenario.traces() if scenario.counts(trace)]
    return bound(counted, rules, full=bool(scenario.turns))


def ours(scenario: Scenario, kit: Kit, budgets: Budgets) -> Score:
    """Return how our pacer did."""
    world = World(Workspace(), scenario.seed)
    traces = scenario.traces()
    screens, desk = shown(world, traces, kit, budgets, until=_end(traces))
    tokens = sum(len(trace.said) for trace in traces)
    counted = _counted(scenario, screens)
    mine = sum(len(screen.trace.said) for screen in counted)
    return score(counted, world.workspace.refusals, desk.cpu * mine / tokens)


def theirs(scenario: Scenario, baseline: Baseline) -> Score:
    """Return how a baseline did."""
    world = World(Workspace(), scenario.seed)
    traces = scenario.traces()
    screens = [Screen(trace) for trace in traces]
    for screen in screens:
        world.at(screen.trace.start, partial(_begin, world, screen, baseline))
    world.run(_end(traces) + NEVER)
    return score(_counted(scenario, screens), world.workspace.refusals)


def everybody(
    scenario: Scenario,
    budgets: Budgets,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Score]:
    """Return how all did, ours first."""
    tell(f"pacing.{scenario.name}: {len(KITS)} of ours, {len(BASELINES)} others")
    return {kit.name: ours(scenario, kit, budgets) for kit in KITS} | {
        name: theirs(scenario, baseline) for name, baseline in BASELINES.items()
    }


def _begin(world: World, screen: Screen, baseline: Baseline) -> None:
    world.play(screen, baseline(world, screen.trace))


def _counted(scenario: Scenario, screens: Sequence[Screen]) -> list[Screen]:
    return [screen for screen in screens if scenario.counts(screen.trace)]


def _end(traces: Sequence[Trace]) -> float:
    return max(trace.end for trace in traces) + NEVER
