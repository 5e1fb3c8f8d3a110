"""The part of the benchmark that is about pacing."""

from collections.abc import Callable
from pathlib import Path

from adapters.simulator.bench.figures import Aim, Baseline, Figure
from adapters.simulator.bench.pacing.picture import Line, as_svg
from adapters.simulator.bench.pacing.scenarios import (
    FREE,
    KITS,
    MAIN,
    SCENARIOS,
    Scenario,
    bound_of,
    everybody,
    rules_of,
)
from adapters.simulator.bench.pacing.scores import Score
from adapters.simulator.bench.pacing.table import as_table
from adapters.simulator.bench.scene import Bench

NAMES = tuple(f"pacing.{scenario.name}" for scenario in SCENARIOS)
PICTURE = Path("docs/pictures/pacing.svg")
"""Redrawn whenever every scenario was played, where there is such a folder."""
TITLE = "Mean seconds from said to visible (never shown: 120), lower is better"


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``; virtual time, so nothing is awaited."""
    results = {
        scenario: everybody(scenario, bench.slack_lanes, bench.tell)
        for scenario, name in zip(SCENARIOS, NAMES, strict=True)
        if wanted(name)
    }
    for scenario, scores in results.items():
        bench.tell(as_table(scenario.name, scores, bounds_of(scenario)))
    _draw(results)
    return [_figure(scenario, scores) for scenario, scores in results.items()]


def bounds_of(scenario: Scenario) -> dict[str, float]:
    """Return all bounds, by their names."""
    rules = [
        *FREE,
        *(rules_of(kit, windows=windows) for kit in KITS for windows in (False, True)),
    ]
    return {rule.name: bound_of(scenario, rule) for rule in rules}


def _draw(results: dict[Scenario, dict[str, Score]]) -> None:
    if len(results) == len(SCENARIOS) and PICTURE.parent.is_dir():
        PICTURE.write_text(drawn(results))


def drawn(results: dict[Scenario, dict[str, Score]]) -> str:
    """Return the picture of all scenarios."""
    limit = [bound_of(s, rules_of(MAIN)) for s in results]
    lines = [Line(name="bound for our lanes", values=limit, dashed=True)]
    lines += [
        Line(
            name=name,
            values=[scores[name].mean for scores in results.values()],
            bold=name == MAIN.name,
        )
        for name in next(iter(results.values()))
    ]
    return as_svg(TITLE, [scenario.name for scenario in results], lines)


def _figure(scenario: Scenario, scores: dict[str, Score]) -> Figure:
    mine = scores[MAIN.name]
    rivals = {
        name: score.mean
        for name, score in scores.items()
        if score.intact == 1 and not name.startswith("ours")
    }
    best = min(rivals, key=rivals.__getitem__)
    return Figure(
        name=f"pacing.{scenario.name}",
        unit="s",
        values={"median": mine.mean},
        what="mean lag of a character, from said to visible, in virtual time; "
        "post, update and streams, 0.5 s between edits of one message",
        baseline=Baseline(
            what="what a clairvoyant could reach with the same lanes and floor",
            value=bound_of(scenario, rules_of(MAIN)),
        ),
        aim=Aim(of="ratio", below=1.25),
        notes={
            "p95": mine.p95,
            "first visible": mine.first,
            "last token to final, p95": mine.final,
            "calls a turn": mine.calls,
            "429s": mine.refusals,
            "share intact": mine.intact,
            "looks alive, p95": mine.alive or 0.0,
            "untidy, p95": mine.untidy or 0.0,
            "Jain index": mine.jain,
            "CPU ms per 1,000 tokens": mine.cpu or 0.0,
            "bound if limits are windows of a minute": bound_of(
                scenario, rules_of(MAIN, windows=True)
            ),
            f"the best other that is intact ({best})": rivals[best],
        },
    )
