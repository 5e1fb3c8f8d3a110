"""Small worlds of many seeds, and mistakes put in on purpose that must be found."""

import os

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.recipe import recipe_of
from tests.simulation.run import Report, run_seed, run_seeds, summary, told
from tests.simulation.world import world_of

SEEDS = 80
RECIPES = [recipe_of(seed) for seed in range(1000)]
FEW_DOZEN = 60
HARD_TO = "not found within the worlds that a test may run"
OPEN = {54}
"""Worlds of a known mistake: a platform refuses the edit that shows the end, somebody
else takes over just then, and the old message keeps its spinner beside the new one."""


def test_everything_holds_in_many_worlds() -> None:
    jobs = os.cpu_count() or 1
    report = run_seeds(range(SEEDS), jobs=jobs, messages=1, progress=_nothing)
    new = [failure for failure in report.failures if failure.seed not in OPEN]
    assert not new, "\n".join(map(told, new))
    assert {f.seed for f in report.failures} == OPEN, "take what is mended out of OPEN"
    assert report.tally.turns >= SEEDS, summary(report)


def _nothing(report: Report) -> None:
    del report


def test_a_seed_happens_again_exactly() -> None:
    first, again = world_of(7), world_of(7)
    first.run()
    again.run()
    assert (first.loop.trace, first.loop.steps) == (again.loop.trace, again.loop.steps)


HARD = {"dedup_removed"}
"""Bugs that the worlds are too tame to show: copies of a delivery come one by one."""


@pytest.mark.parametrize(
    "bug",
    [
        pytest.param(
            bug, id=name, marks=pytest.mark.xfail(name in HARD, reason=HARD_TO)
        )
        for name, bug in BUGS.items()
    ],
)
def test_a_bug_is_found(bug: Bug) -> None:
    seeds = [recipe.seed for recipe in RECIPES if bug.may_show_in(recipe)]
    with bug.plant():
        for seed in seeds[:FEW_DOZEN]:
            if failures := run_seed(seed).failures:
                assert failures[0].invariant in bug.caught_by, told(failures[0])
                return
    pytest.fail(f"{bug.name} was not found in {FEW_DOZEN} worlds")
