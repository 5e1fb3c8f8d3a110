"""Twenty turns on three workers, one of which is killed and one of which stands still."""

import pytest

from tests.crash.load import Loaded, Plan, run_load
from tests.crash.yard import yard_in
from tests.support.postgres import run_apart

PLAN = Plan(
    turns=20,
    minutes=0.25,
    every=6.0,
    words_per_second=15.0,
    blows=("kill", "stop"),
)


async def _load() -> Loaded:
    async with yard_in() as yard:
        return await run_load(yard, PLAN, lambda _: None)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return run_apart(_load)


def test_nothing_is_lost_under_load(loaded: Loaded) -> None:
    assert not loaded.findings.wrong, "\n".join(loaded.findings.wrong)
    assert loaded.findings.turns >= PLAN.turns
    assert loaded.blows.keys() == {"kill", "stop"}


def test_every_turn_that_was_hit_went_on(loaded: Loaded) -> None:
    assert loaded.hits["kill"], "the one that was killed ran nothing"
    assert len(loaded.samples["kill: to the log"]) == loaded.hits["kill"]
