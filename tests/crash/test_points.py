"""A worker dies at every place; nothing is lost by it.

Before the commit at every second place, after it at the others; `make crash` has both,
and more. All cases are run at once, as many as there is room for; each test reads one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.crash.blows import How
from tests.crash.campaign import Case, Census, Outcome, run_cases, take_census
from tests.crash.fuse import PLACES
from tests.crash.yard import yard_in
from tests.support.postgres import run_apart

NOT_REACHED = ["worker.let_go", "spending.look_up", "agents.summarise"]
"""Only by a worker that still owns something 20 s after SIGTERM: too slow for here; the
load of `make crash` crosses it with every SIGTERM. And no act talks for so long that
something must be summed up, nor is it looked up then whether that may be paid for:
tests/integration/engine/test_conversations.py does."""
HOWS: Mapping[str, How] = {
    place: "after" if number % 2 else "before"
    for number, place in enumerate(PLACES)
    if place not in NOT_REACHED
}
CASES_PER_CORE = 5
"""Most of a case is waiting for a lease to run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What all cases came to."""

    census: Census
    outcomes: Mapping[str, Outcome]
    """By place."""


async def _campaign() -> Campaign:
    async with yard_in() as yard:
        census = await take_census(yard)
        cases = [census.case_of(place, how) for place, how in HOWS.items()]
        outcomes = await run_cases(
            yard,
            [case for case in cases if case],
            at_once=CASES_PER_CORE * (os.cpu_count() or 1),
            tell=lambda _: None,
        )
    return Campaign(census=census, outcomes={o.case.place: o for o in outcomes})


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return run_apart(_campaign)


def test_no_place_is_left_out(campaign: Campaign) -> None:
    assert campaign.census.unreached == NOT_REACHED


@pytest.mark.parametrize("place", HOWS)
def test_a_worker_that_dies_here_costs_nothing(campaign: Campaign, place: str) -> None:
    outcome = campaign.outcomes[place]
    assert outcome.burnt, f"{outcome.case.act} did not get there"
    assert not outcome.problems, "\n".join(outcome.problems)


def test_the_case_of_a_place_is_the_first_act_that_crosses_it() -> None:
    census = Census({"one": {("a", "before"): 1}, "two": {("b", "before"): 5}})
    case = census.case_of("b", "before", share=0.5)
    assert case
    assert isinstance(case, Case)
    assert (case.act, case.nth) == ("two", 3)
    assert census.case_of("b", "after") is None
