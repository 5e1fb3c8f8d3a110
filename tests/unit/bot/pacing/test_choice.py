"""Who gets a call when there are fewer than could be used."""

import pytest

from bot.pacing.choice import BRISK, PATIENCE, Chooser
from bot.pacing.habits import LIFE, RATE, SAID, Habits
from bot.pacing.lanes import Lane, Lanes, Window
from bot.pacing.market import Market
from bot.pacing.plan import Priority
from bot.pacing.surface import Surface
from bot.pacing.way import Use, Way

EDIT = Way(name="edit", lanes=(Lane(key="edits", windows=(Window(50, 60.0),)),))
FINAL = Way(
    name="final_post",
    lanes=(Lane(key="posts", windows=(Window(300, 60.0),)),),
    use=Use.ENDING,
)


def alike() -> Habits:
    """Return the habits of turns that have all been the same."""
    habits = Habits()
    for number in range(50):
        habits.ended(float(number), lanes=[], life=LIFE, said=SAID, size=SAID * RATE)
    return habits


def saying(said: float, now: float) -> Surface:
    """Return a turn that has said so much, in seconds, of which nothing was seen."""
    known = Surface(
        newest=2,
        shown=1,
        priority=Priority.PROGRESS,
        ways=(EDIT, FINAL),
        said=said,
        heard_at=now,
        interval=SAID / 2,
    )
    known.backlog.add(0.0, now - said)
    known.backlog.add(said * RATE, now - said / 2)  # on average
    known.backlog.since = now - said
    return known


@pytest.mark.parametrize(("said", "goes"), [(3.1, True), (4.5, True), (5.6, False)])
def test_a_scarce_call_is_not_spent_on_who_is_as_good_as_over(
    said: float, *, goes: bool
):
    now, habits = 1000.0, alike()
    market = Market(Lanes(), habits, now)
    one = saying(said, now)
    market.count([one, *(saying(0.1, now) for _ in range(200))])
    choice = Chooser(market, habits, 0.5, now).choose(one)
    assert (choice.at <= now) == goes
    assert choice.at <= one.backlog.since + PATIENCE


def test_who_is_as_good_as_over_gets_a_call_that_nobody_lacks():
    now, habits = 1000.0, alike()
    market = Market(Lanes(), habits, now)
    one = saying(5.6, now)
    market.count([one])
    assert Chooser(market, habits, 0.5, now).choose(one).at <= now


def test_a_step_is_shown_where_nobody_lacks_calls():
    now, habits = 1000.0, alike()
    market = Market(Lanes(), habits, now)
    one = saying(0.0, now)
    one.backlog.add(1.0, now - 3.0)
    market.count([one])
    assert market.interval_of(one, EDIT) > BRISK
    assert Chooser(market, habits, 0.5, now).choose(one).at <= now


def test_who_gains_most_goes_first():
    now, left = 1000.0, alike().still_to_say
    begun, half, over = (saying(said, now) for said in (1.0, 3.0, 5.8))
    ranked = sorted([over, begun, half], key=lambda one: one.turn(now, left))
    assert ranked == [half, begun, over]
    begun.latest = now
    assert begun.turn(now, left) < half.turn(now, left)


def test_of_those_nobody_has_seen_who_has_just_begun_goes_first():
    now, left = 1000.0, alike().still_to_say
    late, next_, first = (saying(said, now) for said in (5.0, 0.3, 0.6))
    for one in (late, next_, first):
        one.shown = None
    ranked = sorted([late, next_, first], key=lambda one: one.turn(now, left))
    assert ranked == [first, next_, late]
