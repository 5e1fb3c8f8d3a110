import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pacing.belief import SHRINK
from bot.pacing.lanes import (
    SWEEP,
    Bucket,
    Haste,
    Lane,
    Lanes,
    Window,
)

TEN = Lane(key="ten", windows=(Window(10, 60.0),), reserve=0.2)


def use(bucket: Bucket, now: float, times: int = 1) -> None:
    for _ in range(times):
        bucket.draw()
        bucket.settle(now)


@pytest.mark.parametrize(("count", "seconds"), [(0, 1.0), (-1, 1.0), (1, 0.0)])
def test_a_window_that_allows_nothing_is_refused(count: float, seconds: float):
    with pytest.raises(ValueError, match="must be positive"):
        Window(count, seconds)


def test_a_window_opens_when_its_oldest_use_is_over():
    bucket = Bucket(Lane(key="k", windows=(Window(2, 10.0),)))
    use(bucket, 1.0)
    use(bucket, 4.0)
    assert bucket.ready_at(5.0, Haste.PATIENT) == 11.0
    assert bucket.ready_at(10.9, Haste.PATIENT) == 11.0
    assert bucket.ready_at(11.0, Haste.PATIENT) <= 11.0
    assert bucket.left(11.0) == 1


def test_all_windows_of_a_lane_hold_at_once():
    bucket = Bucket(Lane(key="k", windows=(Window(2, 1.0), Window(3, 10.0))))
    use(bucket, 0.0, times=2)
    assert bucket.ready_at(0.0, Haste.URGENT) == 1.0
    use(bucket, 1.0)
    assert bucket.ready_at(1.0, Haste.URGENT) == 10.0


def test_less_than_one_operation_a_window_is_one_in_a_longer_window():
    bucket = Bucket(Lane(key="k", windows=(Window(0.5, 10.0),)))
    use(bucket, 0.0)
    assert bucket.ready_at(0.0, Haste.URGENT) == 20.0


def test_a_token_that_is_out_counts_until_the_answer_and_a_window_longer():
    bucket = Bucket(Lane(key="k", windows=(Window(1, 10.0),)))
    bucket.draw()
    assert bucket.ready_at(50.0, Haste.URGENT) == float("inf")
    bucket.settle(50.0)
    assert bucket.ready_at(50.0, Haste.URGENT) == 60.0


def test_a_token_given_back_was_never_used():
    bucket = Bucket(TEN)
    bucket.draw()
    bucket.refund()
    assert bucket.left(0.0) == 10


def test_only_the_urgent_may_use_the_reserve():
    bucket = Bucket(TEN)
    use(bucket, 0.0, times=8)
    assert bucket.ready_at(1.0, Haste.PATIENT) == 60.0
    assert bucket.ready_at(1.0, Haste.URGENT) <= 1.0
    use(bucket, 1.0, times=2)
    assert bucket.ready_at(1.0, Haste.URGENT) == 60.0


def test_a_reserve_never_takes_the_last_token_from_progress():
    bucket = Bucket(Lane(key="k", windows=(Window(1, 1.0),), reserve=0.9))
    assert bucket.ready_at(0.0, Haste.PATIENT) <= 0.0


def test_a_token_held_for_another_is_not_there():
    bucket = Bucket(Lane(key="k", windows=(Window(2, 10.0),)))
    use(bucket, 0.0)
    assert bucket.ready_at(0.0, Haste.URGENT) <= 0.0
    assert bucket.ready_at(0.0, Haste.URGENT, held=1) == 10.0


def test_a_refusal_rests_the_lane_and_shrinks_what_is_believed():
    bucket = Bucket(TEN)
    bucket.pause(0.0, until=30.0)
    assert bucket.ready_at(1.0, Haste.URGENT) == 30.0
    assert bucket.left(1.0) == 0
    assert bucket.left(30.0) == int(10 * SHRINK)


def test_refusals_of_one_moment_shrink_once_and_the_longest_rest_counts():
    bucket = Bucket(TEN)
    bucket.pause(0.0, until=30.0)
    bucket.pause(1.0, until=20.0)
    assert bucket.paused_until == 30.0
    assert bucket.level(1.0).believed == SHRINK


def test_new_limits_keep_what_has_been_used():
    bucket = Bucket(TEN)
    use(bucket, 0.0, times=3)
    bucket.redefine(Lane(key="ten", windows=(Window(5, 60.0),)))
    assert bucket.left(1.0) == 2
    bucket.redefine(Lane(key="ten", windows=()))
    bucket.redefine(TEN)
    assert bucket.left(1.0) == 10


def test_a_level_tells_of_the_tightest_window():
    bucket = Bucket(Lane(key="k", windows=(Window(7, 1.0), Window(8, 2.0))))
    use(bucket, 0.0, times=5)
    level = bucket.level(1.5)
    assert (level.left, level.size, level.seconds) == (3, 8, 2.0)
    bucket.pause(1.5, until=4.0)
    assert bucket.level(2.0).paused_for == 2.0


def test_a_lane_without_windows_is_always_open():
    bucket = Bucket(Lane(key="k", windows=()))
    use(bucket, 0.0, times=3)
    assert bucket.ready_at(0.0, Haste.PATIENT) <= 0.0
    assert bucket.level(0.0).size == 0


def lane(number: int) -> Lane:
    return Lane(key=f"lane {number:03}", windows=(Window(1, 1.0),))


def test_lanes_nobody_uses_any_more_are_dropped_and_the_others_kept():
    lanes = Lanes()
    for number, at in ((1, 0.0), (2, 0.0), (3, SWEEP)):
        use(next(lanes.of([lane(number)])), at)
    lanes.named("lane 002").pause(SWEEP, until=900.0)
    lanes.sweep(SWEEP + 0.5)
    list(lanes.of([lane(4)]))
    assert keys(lanes) == ["lane 002", "lane 003", "lane 004"]
    lanes.sweep(2 * SWEEP + 0.5)
    list(lanes.of([lane(5)]))
    assert keys(lanes) == ["lane 002", "lane 005"]


def keys(lanes: Lanes) -> list[str]:
    return [level.key for level in lanes.levels(0.0)]


def test_a_lane_is_found_by_name_even_when_nobody_used_it():
    lanes = Lanes()
    unknown = lanes.named("lane 007")
    unknown.pause(0.0, until=9.0)
    assert next(lanes.of([lane(7)])) is unknown
    assert lanes.named("lane 007") is unknown
    assert unknown.ready_at(0.0, Haste.URGENT) == 9.0


steps = st.tuples(
    st.floats(0.0, 5.0), st.floats(0.0, 3.0), st.sampled_from(Haste), st.booleans()
)
windows = st.lists(
    st.builds(Window, st.integers(1, 6), st.sampled_from([1.0, 2.0, 7.5, 30.0])),
    min_size=1,
    max_size=3,
).map(tuple)


@given(windows, st.lists(steps, max_size=40), st.floats(0.0, 1.0))
def test_no_window_is_exceeded_whenever_the_platform_counts(
    windows: tuple[Window, ...],
    steps: list[tuple[float, float, Haste, bool]],
    reserve: float,
):
    bucket = Bucket(Lane(key="k", windows=windows, reserve=reserve))
    now = 0.0
    seen: list[float] = []
    for wait, latency, haste, early in steps:
        now += wait
        for _ in range(len(seen) + 2):
            now = max(now, bucket.ready_at(now, haste))
        assert bucket.ready_at(now, haste) <= now
        bucket.draw()
        seen.append(now if early else now + latency)
        now += latency
        bucket.settle(now)
    for window in windows:
        for start in seen:
            within = [t for t in seen if start <= t < start + window.seconds]
            assert len(within) <= window.count


def test_nothing_is_kept_in_a_window_that_is_shorter_than_a_turn():
    short = Bucket(Lane(key="short", windows=(Window(5, 5.0),)))
    long = Bucket(Lane(key="long", windows=(Window(5, 60.0),)))
    for bucket in (short, long):
        use(bucket, 0.0)
    assert short.ready_at(0.0, Haste.PATIENT, kept=50) <= 0.0
    assert long.ready_at(0.0, Haste.PATIENT, kept=50) == 60.0
    assert [short.holds(2), short.holds(3)] == [True, False]
    assert [long.holds(5), long.holds(6)] == [True, False]
    tenant = Bucket(Lane(key="tenant", windows=(Window(50, 1.0),)))
    assert [tenant.holds(112), tenant.holds(113)] == [True, False]
