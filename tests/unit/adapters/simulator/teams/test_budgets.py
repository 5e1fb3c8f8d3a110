import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.teams.budgets import Budget
from adapters.simulator.teams.limits import MEMBERS, SEND, TENANT
from bot.pacing.lanes import Window

pauses = st.lists(st.floats(0, 3, allow_nan=False), max_size=200)


@pytest.mark.parametrize(
    ("windows", "documented"),
    [
        (SEND, [(7, 1), (8, 2), (60, 30), (1800, 3600)]),
        (MEMBERS, [(14, 1), (16, 2), (120, 30), (3600, 3600)]),
        (TENANT, [(50, 1)]),
    ],
)
def test_the_windows_are_those_of_the_rate_limit_page(
    windows: tuple[Window, ...], documented: list[tuple[int, int]]
):
    assert [(window.count, window.seconds) for window in windows] == documented


@pytest.mark.parametrize(("count", "seconds"), [(w.count, w.seconds) for w in SEND])
def test_a_window_takes_its_count_and_not_one_more(count: float, seconds: float):
    budget = Budget((Window(count, seconds),))
    budget.spend(0, int(count))
    assert budget.wait(0, 1) == seconds
    assert budget.wait(seconds, int(count)) == 0


@given(pauses)
def test_whatever_is_asked_no_window_ever_holds_more_than_its_count(gaps: list[float]):
    budget, now, taken = Budget(SEND), 0.0, list[float]()
    for gap in gaps:
        now += gap / 4
        if budget.wait(now, 1) == 0:
            budget.spend(now, 1)
            taken.append(now)
    for window in SEND:
        for first in taken:
            inside = [t for t in taken if first <= t < first + window.seconds - 1e-6]
            assert len(inside) <= window.count


@given(pauses)
def test_after_the_wait_a_refused_request_fits_and_not_much_before(gaps: list[float]):
    budget, now = Budget(SEND), 0.0
    for gap in gaps:
        now += gap / 10
        wait = budget.wait(now, 1)
        if wait == 0:
            budget.spend(now, 1)
        else:
            assert budget.wait(now + wait + 1e-6, 1) == 0
            assert budget.wait(now + wait / 2, 1) > 0


def test_two_messages_at_once_need_room_for_two():
    budget = Budget((Window(7, 1),))
    budget.spend(0, 6)
    assert budget.wait(0, 1) == 0
    assert budget.wait(0, 2) == 1


def test_what_is_left_grows_back_as_hits_leave_the_window():
    budget = Budget((Window(7, 1), Window(8, 2)))
    budget.spend(0, 5)
    assert [left for _, left in budget.left(0)] == [2, 3]
    assert [left for _, left in budget.left(1)] == [7, 3]


def test_without_windows_everything_fits():
    budget = Budget(())
    budget.spend(0, 1000)
    assert budget.wait(0, 1000) == 0
