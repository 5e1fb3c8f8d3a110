"""Small worlds of many seeds, and mistakes put in on purpose that must be found."""

import os
import subprocess
import sys

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.recipe import recipe_of
from tests.simulation.run import Report, run_seed, run_seeds, summary, told
from tests.simulation.world import world_of

SEEDS = 80
RECIPES = [recipe_of(seed) for seed in range(1000)]
FEW_DOZEN = 150
ELSEWHERE = (("1", 0), ("2", 1_000), ("3", 77_777))
"""How strings are hashed, and how many objects are there before the world begins."""
TRACE = """
import sys
from tests.simulation.world import world_of
ballast = [object() for _ in range(int(sys.argv[1]))]
scattered = [dict.fromkeys(range(n % 50)) for n in range(int(sys.argv[1]))][::3]
for seed in (3, 7, 54):
    world = world_of(seed, messages=2)
    world.run()
    print(world.loop.trace, world.loop.steps)
"""


def test_everything_holds_in_many_worlds() -> None:
    jobs = os.cpu_count() or 1
    report = run_seeds(range(SEEDS), jobs=jobs, messages=1, progress=_nothing)
    assert not report.failures, "\n".join(map(told, report.failures))
    assert report.tally.turns >= SEEDS, summary(report)


def _nothing(report: Report) -> None:
    del report


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(30048, id="turns of which none will come"),
        pytest.param(40106, id="a slow heartbeat"),
        pytest.param(41145, id="one lane, two states of it"),
        pytest.param(41625, id="a late edit, and news that look the same"),
        pytest.param(40829, id="time runs out between a press and its mail"),
        pytest.param(40580, id="more messages than fit into a conversation's patience"),
    ],
)
def test_a_world_that_failed_once_holds(seed: int) -> None:
    report = run_seed(seed, streams="")  # as it was before worlds had any
    assert not report.failures, told(report.failures[0])


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(113, id="a turn took the stream of another for its own"),
        pytest.param(430, id="two streams without a mark, and neither was found"),
        pytest.param(441, id="an ending was moved that was shown already"),
        pytest.param(80077, id="who stood still edited after a stream's end"),
        pytest.param(110112, id="a post and a stream were meant at once, both lost"),
        pytest.param(5081, id="an edit two owners old covered what was written down"),
    ],
)
def test_a_world_with_streams_that_failed_once_holds(seed: int) -> None:
    report = run_seed(seed, streams="needed")
    assert not report.failures, told(report.failures[0])


def test_a_seed_happens_again_exactly() -> None:
    first, again = world_of(7), world_of(7)
    first.run()
    again.run()
    assert (first.loop.trace, first.loop.steps) == (again.loop.trace, again.loop.steps)


def test_a_seed_happens_again_in_another_interpreter() -> None:
    """Strings hash otherwise there, and objects have other addresses."""
    traces = {_trace_in(hash_seed, ballast) for hash_seed, ballast in ELSEWHERE}
    assert len(traces) == 1, traces


def _trace_in(hash_seed: str, ballast: int) -> str:
    return subprocess.run(
        [sys.executable, "-c", TRACE, str(ballast)],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


# A world that breaks in the middle of a step leaves what had not begun.
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_bug_is_found(bug: Bug) -> None:
    seeds = [recipe.seed for recipe in RECIPES if bug.may_show_in(recipe)]
    with bug.plant():
        for seed in seeds[:FEW_DOZEN]:
            if failures := run_seed(seed).failures:
                assert failures[0].invariant in bug.caught_by, told(failures[0])
                return
    pytest.fail(f"{bug.name} was not found in {FEW_DOZEN} worlds")
