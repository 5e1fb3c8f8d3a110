"""A spent quota keeps progress away for a while; approvals and finals still try."""

from hypothesis import given
from hypothesis import strategies as st

from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import FIRST_RETRY, Pacer
from bot.pacing.plan import Priority
from bot.pacing.quota import ANSWER
from bot.pacing.way import Way
from bot.protocol.ids import SurfaceId

EDIT = Lane(key="edit", windows=(Window(50, 60.0),), quota="ours")
POST = Lane(key="post", windows=(Window(50, 60.0),), quota="ours")
THEIRS = Lane(key="theirs", windows=(Window(50, 60.0),), quota="theirs")
CLOSE = Lane(key="close", windows=(Window(50, 60.0),))
PAUSE = 60.0
ONE, TWO, THREE = map(SurfaceId, ("one", "two", "three"))
NICE = (Priority.PROGRESS, Priority.WAITING, Priority.DECORATION)


def offer(
    pacer: Pacer,
    surface: SurfaceId,
    priority: Priority,
    lane: Lane,
    *,
    now: float,
    revision: int = 1,
) -> None:
    ways = (Way(name=lane.key, lanes=(lane,)),)
    pacer.offer(surface, revision, priority=priority, now=now, ways=ways)


def sent(pacer: Pacer, now: float) -> list[SurfaceId]:
    return [send.surface for send in pacer.plan(now).sends]


def spent(lane: Lane = POST) -> Pacer:
    """Return a pacer that learned at 1.0 that the quota is spent."""
    pacer = Pacer()
    offer(pacer, ONE, Priority.PROGRESS, lane, now=0.0)
    assert sent(pacer, 0.0) == [ONE]
    pacer.throttled(ONE, 1.0, retry_after=PAUSE, quota=True)
    return pacer


def test_nothing_but_approvals_and_finals_is_sent_by_any_lane_of_it() -> None:
    pacer = spent()
    for number, priority in enumerate(NICE):
        offer(pacer, SurfaceId(f"nice {number}"), priority, EDIT, now=1.5)
    assert sent(pacer, 2.0) == []
    offer(pacer, TWO, Priority.APPROVAL, POST, now=3.0)
    offer(pacer, THREE, Priority.FINAL, EDIT, now=3.0)
    assert sent(pacer, 3.0) == [TWO, THREE]
    for surface in (TWO, THREE):
        pacer.succeeded(surface, 3.1)
    assert sent(pacer, 60.9) == []


def test_its_own_ending_need_not_wait_for_it() -> None:
    pacer = spent()
    offer(pacer, ONE, Priority.FINAL, POST, now=2.0, revision=2)
    assert sent(pacer, 2.0) == [ONE]


def test_other_workspaces_and_lanes_that_add_nothing_go_on() -> None:
    pacer = spent()
    offer(pacer, TWO, Priority.PROGRESS, THEIRS, now=2.0)
    offer(pacer, THREE, Priority.PROGRESS, CLOSE, now=2.0)
    assert sent(pacer, 2.0) == [TWO, THREE]


def test_a_final_that_is_refused_tries_again_ever_more_slowly() -> None:
    pacer = spent()
    pacer.abandon(ONE, 1.0)
    offer(pacer, TWO, Priority.FINAL, POST, now=2.0)
    at, waits = 2.0, list[float]()
    for _ in range(8):
        assert sent(pacer, at) == [TWO]
        pacer.throttled(TWO, at, retry_after=PAUSE, quota=True)
        plan = pacer.plan(at)
        assert not plan.sends
        assert plan.wake_at is not None
        waits.append(plan.wake_at - at)
        at = plan.wake_at
    assert waits[0] == FIRST_RETRY
    assert waits == sorted(waits)
    assert waits[-1] == 60.0, "and never gives up"


def test_when_it_is_over_one_tries_and_the_others_follow_its_success() -> None:
    pacer = spent()
    offer(pacer, TWO, Priority.PROGRESS, EDIT, now=2.0)
    [first] = sent(pacer, 61.0)
    assert sent(pacer, 61.5) == []
    pacer.succeeded(first, 62.0)
    assert [*sent(pacer, 62.0), first] in ([TWO, ONE], [ONE, TWO])


def test_where_it_is_not_over_only_one_was_refused_again() -> None:
    pacer = spent()
    offer(pacer, TWO, Priority.PROGRESS, EDIT, now=2.0)
    [first] = sent(pacer, 61.0)
    pacer.throttled(first, 61.2, retry_after=PAUSE, quota=True)
    assert sent(pacer, 121.0) == []
    assert len(sent(pacer, 121.2)) == 1


def test_one_whose_answer_is_lost_does_not_hold_the_others_for_ever() -> None:
    pacer = spent()
    offer(pacer, TWO, Priority.PROGRESS, EDIT, now=2.0)
    [first] = sent(pacer, 61.0)
    assert sent(pacer, 61.0 + ANSWER) == [TWO if first == ONE else ONE]


def test_a_stream_that_has_to_end_meanwhile_opens_the_way_for_nobody() -> None:
    pacer = spent()
    close = Way(name="close", lanes=(POST,), by=2.0)
    pacer.offer(TWO, 1, priority=Priority.PROGRESS, now=2.0, ways=(close,))
    assert sent(pacer, 2.0) == [TWO]
    pacer.succeeded(TWO, 2.1, ways=(Way(name="edit", lanes=(EDIT,)),))
    assert sent(pacer, 4.0) == []


def test_a_lane_without_a_quota_rests_as_for_any_refusal() -> None:
    pacer = spent(CLOSE)
    offer(pacer, TWO, Priority.FINAL, CLOSE, now=2.0)
    assert sent(pacer, 2.0) == []
    assert set(sent(pacer, 61.0)) == {ONE, TWO}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Priority),
            st.sampled_from((EDIT, POST)),
            st.floats(1.0, 60.0),
        ),
        max_size=30,
    )
)
def test_whatever_comes_meanwhile_only_the_urgent_goes(
    offers: list[tuple[Priority, Lane, float]],
) -> None:
    pacer = spent()
    for number, (priority, lane, at) in enumerate(sorted(offers, key=lambda o: o[2])):
        surface = SurfaceId(f"s{number}")
        offer(pacer, surface, priority, lane, now=at)
        urgent = priority.is_urgent
        assert sent(pacer, at) == ([surface] if urgent else [])
        if urgent:
            pacer.succeeded(surface, at)
