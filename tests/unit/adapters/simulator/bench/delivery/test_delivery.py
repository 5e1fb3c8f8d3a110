"""A short turn is shown for real: by the bot, and by others beside it."""

import os
from pathlib import Path

import pytest

from adapters.simulator.bench.delivery import ours, rivals
from adapters.simulator.bench.delivery.ours import Platform
from adapters.simulator.bench.delivery.part import CELLS, NAMES, drawn, figure_of
from adapters.simulator.bench.delivery.rivals import Rival
from adapters.simulator.bench.delivery.scores import Outcome
from adapters.simulator.bench.delivery.table import as_table
from adapters.simulator.bench.pacing.scores import Score
from adapters.simulator.bench.pacing.traces import RATE, Trace
from adapters.simulator.bench.run import is_meant
from adapters.simulator.bench.scene import Bench
from bot.clock import SystemClock
from bot.commands.bench import slack_lanes

SHORT = Trace(
    name="t",
    start=0.0,
    steps=(0.05, 0.15, 0.3),
    said=tuple((0.3 + n / RATE, 4 * n + 4) for n in range(20)),
)


def bench_in(folder: Path, url: str = "") -> Bench:
    async def database(_name: str) -> str:
        return url

    return Bench(
        clock=SystemClock(),
        database=database,
        folder=folder,
        postgres_pid=os.getpid,
        tell=lambda _: None,
        slack_lanes=slack_lanes,
    )


@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_the_bot_shows_a_turn_as_it_is_said(
    empty_database_url: str, tmp_path: Path, platform: Platform
):
    bench = bench_in(tmp_path, empty_database_url)
    outcome = await ours.show(
        bench, platform, [SHORT], streams=True, patience=20.0, settle=0.0
    )
    score = outcome.score
    assert (outcome.correct, score.intact, score.refusals) == (1.0, 1.0, 0)
    assert outcome.alive < 10
    assert 0 < score.mean <= score.p95 < 20
    assert 0 < score.first < 20 and score.calls >= 2
    assert -0.1 < outcome.ended < 20 and (score.cpu or 0) > 0


@pytest.mark.parametrize(
    "rival", [*rivals.SLACK, *rivals.TEAMS], ids=lambda rival: rival.way
)
async def test_others_show_the_same_turn(tmp_path: Path, rival: Rival):
    outcome = await rivals.show(bench_in(tmp_path), rival, [SHORT], patience=20.0)
    assert (outcome.correct, outcome.score.refusals) == (1.0, 0)
    assert 0 < outcome.score.mean < 20 and 0 < outcome.ended < 20


def test_a_size_and_a_platform_can_be_picked():
    assert len(set(NAMES)) == len(NAMES) == 8
    twenty = [name for name in NAMES if is_meant(name, "delivery.20")]
    assert twenty == ["delivery.20-at-once.slack", "delivery.20-at-once.teams"]


def test_bounds_grow_with_the_turns():
    for platform in ("slack", "teams"):
        bounds = [c.bounds() for c in CELLS if c.platform == platform]
        best = [round(min(of_size.values()), 6) for of_size in bounds]
        assert best == sorted(best)
        assert 0.25 < best[0] < best[-1]


def came_to(mean: float, correct: float) -> Outcome:
    score = Score(
        mean=mean,
        p95=2.0,
        first=0.1,
        final=0.2,
        calls=3.0,
        refusals=4,
        intact=0.5,
        jain=0.9,
        cpu=None,
    )
    return Outcome(score=score, ended=0.3, ended_p95=0.4, correct=correct, alive=0.25)


def test_a_size_is_held_against_its_bound_and_the_best_other_that_is_whole():
    [cell] = [c for c in CELLS if c.name == "delivery.20-at-once.slack"]
    ways = {"ours, native streams": 1.0, "ours, edits only": 1.5, "a": 0.5, "b": 2.0}
    some = {who: came_to(mean, 0.5 if who == "a" else 1) for who, mean in ways.items()}
    figure = figure_of(cell, some)
    assert figure.ratio == pytest.approx(1 / min(cell.bounds().values()))
    assert figure.met is False
    best = [key for key in figure.notes if "another that is whole" in key]
    assert best == ["mean lag of another that is whole (b)"]
    assert figure.details["a"]["share correct"] == 0.5

    none = {who: came_to(mean, 0.5) for who, mean in ways.items()}
    assert not any("another that" in key for key in figure_of(cell, none).notes)


def test_what_was_measured_is_shown_as_a_table_and_drawn():
    outcome = came_to(1.234, correct=0.5)
    others = {rival.way: outcome for rival in rivals.SLACK}
    all_of_them = {"ours, native streams": outcome, **others}
    table = as_table("slack", all_of_them, {"bound": 0.25})
    [bound, mine, *_] = table.splitlines()[1:]
    assert bound.split() == ["bound", "0.25"]
    cells = ["1.23", "2.00", "0.10", "0.30", "0.40", "3.0", "4", "50%", "0.25", "0.90"]
    assert mine.split() == ["ours,", "native", "streams", *cells]
    results = {c: all_of_them for c in CELLS if c.platform == "slack"}
    picture = drawn("slack", results)
    assert picture.count("<polyline") == 1 + len(all_of_them)
    assert 'font-weight="bold">ours, native streams' in picture
