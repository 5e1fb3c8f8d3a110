"""Small worlds of many seeds, and mistakes put in on purpose that must be found."""

import os

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.run import Report, run_seed, run_seeds, summary, told
from tests.simulation.world import world_of

SEEDS = 80
FEW_DOZEN = 60


def test_everything_holds_in_many_worlds() -> None:
    jobs = os.cpu_count() or 1
    report = run_seeds(range(SEEDS), jobs=jobs, messages=1, progress=_nothing)
    assert not report.failures, "\n".join(map(told, report.failures))
    assert report.tally.turns >= SEEDS, summary(report)


def _nothing(report: Report) -> None:
    del report


def test_a_seed_happens_again_exactly() -> None:
    first, again = world_of(7), world_of(7)
    first.run()
    again.run()
    assert (first.loop.trace, first.loop.steps) == (again.loop.trace, again.loop.steps)


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_a_bug_is_found(bug: Bug) -> None:
    with bug.plant():
        for seed in range(FEW_DOZEN):
            if failures := run_seed(seed).failures:
                assert failures[0].invariant in bug.caught_by, told(failures[0])
                return
    pytest.fail(f"{bug.name} was not found in {FEW_DOZEN} worlds")
