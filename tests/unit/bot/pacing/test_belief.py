import pytest

from bot.pacing.belief import BELOW, GROW, LEAST, LIFT, QUIET, SHRINK, Belief
from bot.pacing.lanes import Bucket, Haste, Lane, Window

MINUTE = 60.0


def test_a_refusal_shrinks_and_successes_grow_back_to_below_where_it_was():
    belief = Belief()
    belief.refused(0.0)
    assert belief.share == SHRINK
    belief.succeeded(1.0, busy=False)
    assert belief.share == SHRINK + GROW
    for second in range(100):
        belief.succeeded(float(second), busy=True)
    assert belief.share == BELOW


def test_what_is_believed_never_vanishes():
    belief = Belief()
    for second in range(50):
        belief.refused(float(second))
    assert belief.share == LEAST


def test_the_ceiling_is_lifted_only_after_a_long_quiet_time():
    belief = Belief()
    belief.refused(0.0)
    for now in (1.0, QUIET - 1.0):
        for _ in range(100):
            belief.succeeded(now, busy=True)
        assert belief.share == BELOW
    for _ in range(100):
        belief.succeeded(QUIET, busy=True)
    assert belief.share == pytest.approx(BELOW * LIFT)


def test_more_than_documented_is_believed_only_where_that_is_allowed_and_used():
    careful, bold = Belief(), Belief(most=2.0)
    for second in range(50):
        for belief in (careful, bold):
            belief.succeeded(float(second), busy=False)
    assert (careful.share, bold.share) == (1.0, 1.0)
    for second in range(200):
        for belief in (careful, bold):
            belief.succeeded(float(second), busy=True)
    assert (careful.share, bold.share) == (1.0, 2.0)


def play(real: int, documented: int, *, most: float, minutes: int) -> list[float]:
    """Use all that is believed in; when were we refused?"""
    bucket = Bucket(Lane(key="k", windows=(Window(documented, MINUTE),), most=most))
    accepted, refused = list[float](), list[float]()
    for tick in range(minutes * 240):
        now = tick / 4
        if bucket.ready_at(now, Haste.URGENT) > now:
            continue
        bucket.draw()
        bucket.settle(now)
        if sum(at > now - MINUTE for at in accepted) < real:
            accepted.append(now)
            bucket.grow(now)
        else:
            refused.append(now)
            bucket.pause(now, until=now + 5.0)
    return refused


@pytest.mark.parametrize("real", [5, 10, 15, 18])
def test_a_limit_that_is_lower_than_documented_stops_refusing(real: int):
    refused = play(real, 20, most=1.0, minutes=40)
    learned = [at for at in refused if at < QUIET]
    assert 1 <= len(learned) <= 8
    # Later only a look now and then whether the limit has grown.
    assert len(refused) - len(learned) <= 2 * (40 * MINUTE / QUIET)


def test_a_limit_that_is_higher_than_documented_is_found_without_a_refusal():
    assert play(real=45, documented=20, most=2.0, minutes=40) == []
