import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pacing.habits import (
    LIFE,
    LINDY,
    LULL,
    MEMORY,
    RATE,
    SAID,
    SPREAD,
    STREAM,
    Habits,
)
from bot.pacing.lanes import Lane, Lanes, Window
from bot.pacing.market import Market, _interval
from bot.pacing.plan import Priority
from bot.pacing.surface import Surface
from bot.pacing.way import Use, Way, endings_of

EDITS = Lane(key="edits", windows=(Window(50, 60.0),))
POSTS = Lane(key="posts", windows=(Window(300, 60.0),))
EDIT = Way(name="edit", lanes=(EDITS,))
FINAL = Way(name="final_post", lanes=(POSTS,), use=Use.ENDING)


def turn(ways: tuple[Way, ...] = (EDIT, FINAL), *, said: float = 0.0) -> Surface:
    return Surface(
        newest=1,
        shown=1,
        priority=Priority.PROGRESS,
        ways=ways,
        said=said,
        said_sent=said,
        heard_at=0.0,
    )


def market(*turns: Surface, habits: Habits | None = None) -> Market:
    found = Market(Lanes(), habits or Habits(), 0.0)
    found.count(turns)
    return found


asks = st.lists(st.tuples(st.floats(0.1, 60.0), st.floats(0.1, 1.0)), min_size=1)


@given(asks, st.floats(0.1, 500.0))
def test_the_interval_needs_exactly_the_calls_that_there_are(
    asks: list[tuple[float, float]], calls: float
):
    interval = _interval(asks, calls)
    needed = sum(share * max(0.0, t / interval - 1) for t, share in asks)
    assert needed == pytest.approx(calls)


@given(asks)
def test_without_calls_everybody_waits_for_the_end(asks: list[tuple[float, float]]):
    assert _interval(asks, 0.0) == pytest.approx(max(t for t, _ in asks))


def test_an_answer_is_shown_in_equal_parts():
    one = turn()
    found = market(one, *(turn() for _ in range(29)))
    interval = found.interval(EDIT)
    part = found.interval_of(one, EDIT)
    assert interval == pytest.approx(30 * SAID / (50 + 30))
    assert SAID / part == round(SAID / interval)


def test_who_has_seen_nothing_yet_is_shown_half_sooner_than_nothing():
    many = [turn() for _ in range(150)]
    found = market(*many)
    assert SAID / 2 < found.interval(EDIT) < SAID
    assert found.interval_of(many[0], EDIT) == SAID / 2


def test_ends_leave_a_scarce_lane_and_no_other():
    assert not market(turn()).is_scarce(EDIT)
    assert market(*(turn() for _ in range(30))).is_scarce(EDIT)
    assert not market(*(turn((EDIT,)) for _ in range(30))).is_scarce(EDIT)


def test_a_token_is_kept_for_every_end_where_it_will_be_needed():
    lanes = Lanes()
    found = Market(lanes, Habits(), 0.0)
    found.count([turn(), turn(), turn((EDIT,))])
    [edits], [posts] = found.route(EDIT), found.route(FINAL)
    assert (found.kept[edits], found.kept[posts]) == (1, 2)


def test_the_token_for_an_end_is_kept_where_there_is_room():
    channel = Lane(key="channel", windows=(Window(5, 5.0),))
    there = Way(name="final_post", lanes=(POSTS, channel), use=Use.ENDING)
    found = market(*(turn((EDIT, there)) for _ in range(6)))
    [edits], [posts, narrow] = found.route(EDIT), found.route(there)
    assert [found.kept[b] for b in (edits, posts, narrow)] == [4, 2, 2]


def test_a_turn_may_begin_if_one_of_its_ends_has_room():
    lanes = Lanes()
    [edits], [posts] = lanes.of([EDITS]), lanes.of([POSTS])
    found = Market(lanes, Habits(), 0.0)
    assert found.can_end((EDIT, FINAL))
    for bucket in (posts, edits):
        for _ in range(300 if bucket is posts else 50):
            bucket.draw()
        assert found.can_end((EDIT, FINAL)) == (bucket is posts)
    assert not found.can_end((EDIT,))
    assert found.can_end(())


def test_turns_that_keep_coming_are_counted_on():
    quiet, busy = Habits(), Habits()
    for second in range(0, 240, 2):
        busy.ended(float(second), lanes=["edits"], life=LIFE, said=SAID, size=1440)
    alone = Market(Lanes(), quiet, 240.0)
    among = Market(Lanes(), busy, 240.0)
    for each in (alone, among):
        one = turn()
        one.heard_at = 240.0
        each.count([one])
    assert alone.interval(EDIT) < 0.2
    assert among.interval(EDIT) > 1.0


def test_who_has_been_silent_for_long_is_not_counted_on():
    found = Market(Lanes(), Habits(), 1000.0)
    found.count([turn()])
    assert found.interval(EDIT) == 0.0
    assert not found.kept


def test_habits_learn_from_what_has_ended():
    habits = Habits()
    for second in range(100):
        habits.ended(float(second), lanes=["k"], life=30.0, said=12.0, size=1200)
    assert habits.said == pytest.approx(12.0)
    assert habits.life == pytest.approx(30.0)
    assert habits.rate == pytest.approx(100.0)
    assert habits.coming("k", 99.0) == pytest.approx(1.0, rel=0.05)
    assert habits.coming("k", 99.0 + 3 * MEMORY) < 0.1
    assert habits.coming("other", 99.0) == 0.0


def test_a_turn_that_says_nothing_teaches_nothing_about_answers():
    habits = Habits()
    habits.ended(0.0, lanes=[], life=1.0, said=0.0, size=3)
    assert (habits.said, habits.rate) == (SAID, RATE)


def test_who_says_more_than_usual_is_thought_to_go_on():
    habits = Habits()
    assert habits.still_to_say(2.0) == SAID - 2.0
    assert habits.still_to_say(SAID) == SPREAD * SAID
    assert habits.still_to_say(100.0) == 100.0 * LINDY


def test_the_more_alike_answers_were_the_surer_is_where_one_ends():
    alike, unlike = Habits(), Habits()
    for number in range(100):
        for habits, said in ((alike, SAID), (unlike, SAID * (1 + number % 2))):
            habits.ended(float(number), lanes=[], life=LIFE, said=said, size=1440)
    assert alike.still_to_say(SAID) < 0.1
    assert unlike.still_to_say(1.5 * SAID) > SAID / 4


def test_a_crowd_is_no_stream():
    habits = Habits()
    for number in range(50):
        habits.ended(100.0 + number / 10, lanes=["k"], life=LIFE, said=SAID, size=1)
    assert habits.coming("k", 105.0) == 0.0
    habits.ended(100.0 + STREAM, lanes=["k"], life=LIFE, said=SAID, size=1)
    assert habits.coming("k", 100.0 + STREAM) > 0.0
    assert habits.coming("k", 100.0 + STREAM + LULL) == 0.0


def test_a_crowd_must_be_got_over_with_what_there_is_until_then():
    """Turns that come at random leave more for the next than the whole window says."""
    habits = Habits()
    for second in range(0, 240, 10):
        habits.ended(float(second), lanes=["edits"], life=LIFE, said=SAID, size=1440)
    lanes = Lanes()
    [edits] = lanes.of([EDITS])
    for _ in range(45):  # all but five, and nothing comes back for a while
        edits.draw()
        edits.settle(238.0)
    spent, whole = Market(lanes, habits, 240.0), Market(Lanes(), habits, 240.0)
    for each in (spent, whole):
        one = turn()
        one.heard_at = 240.0
        each.count([one])
    assert spent.interval(EDIT) > 3 * whole.interval(EDIT)
    [(soon, _), *_, (in_all, _)] = spent._later(edits)
    # Of the last ones nothing is shown by then: half an answer's time is left to them.
    assert soon / (LIFE - LIFE + SAID / 2) > 1.2 * in_all / (60.0 - LIFE + SAID / 2)


def test_the_end_goes_by_the_way_that_is_for_ends():
    append = Way(name="append", use=Use.PROGRESS)
    assert endings_of((EDIT, FINAL)) == [FINAL, EDIT]
    assert endings_of((append, EDIT)) == [EDIT]
    assert endings_of((append,)) == []


def test_turns_of_which_none_will_come_ask_for_nothing() -> None:
    assert _interval([(7.0, 0.0)], 0.0) == 0.0


def test_those_to_come_have_a_price_though_nobody_lives() -> None:
    """What decoration takes in a lull is what they lack."""
    habits, lanes = Habits(), Lanes()
    [bucket] = lanes.of([EDITS])
    for ended in range(120):
        bucket.draw()
        bucket.settle(ended / 2)
        habits.ended(ended / 2, lanes=["edits"], life=LIFE, said=SAID, size=RATE * SAID)
    assert Market(lanes, habits, 60.0).interval(EDIT) > 1.0
    assert Market(lanes, Habits(), 60.0).interval(EDIT) == 0.0
