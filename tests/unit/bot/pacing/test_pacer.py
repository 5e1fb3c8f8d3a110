import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.belief import SHRINK
from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import FIRST_RETRY, LAST_RETRY, SHORTEST_PAUSE, Pacer
from bot.pacing.plan import Plan, Priority, Send
from bot.pacing.way import Way
from bot.protocol.ids import SurfaceId

A, B, C = SurfaceId("a"), SurfaceId("b"), SurfaceId("c")
FREE = Lane(key="free", windows=())
ONE = Lane(key="one", windows=(Window(1, 10.0),))
TWO = Lane(key="two", windows=(Window(2, 10.0),))


def offer(
    pacer: Pacer,
    surface: SurfaceId,
    revision: int,
    priority: Priority = Priority.PROGRESS,
    *,
    lanes: tuple[Lane, ...] = (FREE,),
    now: float = 0.0,
) -> None:
    ways = (Way(lanes=lanes),)
    pacer.offer(surface, revision, priority=priority, ways=ways, now=now)


def show(pacer: Pacer, now: float) -> list[Send]:
    """Do all that is due, with success."""
    sends = list(pacer.plan(now).sends)
    for send in sends:
        pacer.succeeded(send.surface, now)
    return sends


def test_a_pacer_without_offers_has_nothing_to_do():
    pacer = Pacer()
    assert pacer.plan(0.0) == Plan()
    assert pacer.idle
    assert pacer.settled(A)


def test_the_newest_revision_wins():
    pacer = Pacer()
    for revision in (1, 3, 2):
        offer(pacer, A, revision)
    assert pacer.plan(0.0).sends == (Send(A, 3),)
    assert (pacer.tally.offered, pacer.tally.coalesced) == (2, 1)


def test_a_surface_has_one_send_in_flight():
    pacer = Pacer(min_interval=0.0)
    offer(pacer, A, 1)
    pacer.plan(0.0)
    offer(pacer, A, 2, now=1.0)
    assert pacer.plan(1.0) == Plan()
    assert not pacer.idle
    pacer.succeeded(A, 2.0)
    assert pacer.plan(2.0).sends == (Send(A, 2),)


def test_a_shown_revision_settles_the_surface():
    pacer = Pacer()
    offer(pacer, A, 1)
    assert not pacer.settled(A)
    pacer.plan(0.0)
    assert not pacer.settled(A)
    pacer.succeeded(A, 0.1)
    assert pacer.settled(A)
    assert pacer.idle


def test_progress_keeps_its_distance_and_a_final_does_not():
    pacer = Pacer(min_interval=0.5)
    offer(pacer, A, 1)
    show(pacer, 0.0)
    offer(pacer, A, 2, now=0.1)
    assert pacer.plan(0.1) == Plan((), wake_at=0.5)
    offer(pacer, A, 3, Priority.FINAL, now=0.2)
    assert pacer.plan(0.2).sends == (Send(A, 3),)


def test_priorities_go_in_order():
    pacer = Pacer()
    names = [SurfaceId(str(priority.name)) for priority in Priority]
    for name, priority in reversed(list(zip(names, Priority, strict=True))):
        offer(pacer, name, 1, priority)
    assert [send.surface for send in pacer.plan(0.0).sends] == names


def test_a_first_sight_goes_before_a_refresh():
    pacer = Pacer(min_interval=0.0)
    offer(pacer, A, 1)
    show(pacer, 0.0)
    offer(pacer, A, 2, now=1.0, lanes=(ONE,))
    offer(pacer, B, 1, now=2.0, lanes=(ONE,))
    assert pacer.plan(2.0).sends == (Send(B, 1),)


def test_who_has_waited_longest_goes_first_whatever_came_since():
    pacer = Pacer(min_interval=0.0)
    for surface in (A, B):
        offer(pacer, surface, 1)
    show(pacer, 0.0)
    offer(pacer, A, 2, now=1.0)
    offer(pacer, B, 2, now=2.0)
    offer(pacer, A, 3, now=3.0)
    assert pacer.plan(3.0).sends == (Send(A, 3), Send(B, 2))


def test_waiting_starts_with_the_first_revision_that_a_send_did_not_contain():
    pacer = Pacer(min_interval=0.0)
    for surface in (A, B):
        offer(pacer, surface, 1)
    pacer.plan(0.0)
    offer(pacer, B, 2, now=1.0)
    offer(pacer, A, 2, now=2.0)
    offer(pacer, B, 3, now=3.0)
    for surface in (A, B):
        pacer.succeeded(surface, 4.0)
    assert [send.surface for send in pacer.plan(4.0).sends] == [B, A]


def test_everybody_gets_a_turn():
    pacer = Pacer(min_interval=0.0)
    surfaces = [SurfaceId(str(number)) for number in range(7)]
    turns = dict.fromkeys(surfaces, 0)
    lane = Lane(key="k", windows=(Window(1, 1.0),))
    for second in range(70):
        for surface in surfaces:
            offer(pacer, surface, second, now=float(second), lanes=(lane,))
        for send in show(pacer, float(second)):
            turns[send.surface] += 1
    assert max(turns.values()) - min(turns.values()) <= 1


def test_a_send_needs_a_token_of_every_lane():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(ONE,))
    show(pacer, 0.0)
    offer(pacer, B, 1, lanes=(ONE, FREE))
    assert pacer.plan(1.0) == Plan((), wake_at=10.0)
    assert pacer.plan(10.0).sends == (Send(B, 1),)


def test_another_lane_may_be_taken_instead():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(ONE,))
    show(pacer, 0.0)
    offer(pacer, B, 1, lanes=(ONE,))
    assert not pacer.plan(1.0).sends
    offer(pacer, B, 1, lanes=(FREE,))
    assert pacer.plan(1.0).sends == (Send(B, 1),)


def test_the_first_success_tells_what_edits_draw_from():
    pacer = Pacer(min_interval=0.0)
    offer(pacer, A, 1, lanes=(ONE,))
    pacer.plan(0.0)
    offer(pacer, A, 2, lanes=(ONE,))
    pacer.succeeded(A, 1.0, ways=(Way(lanes=(FREE,)),))
    assert pacer.plan(1.0).sends == (Send(A, 2),)


def test_unchanged_content_gives_its_tokens_back():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(ONE,))
    pacer.plan(0.0)
    pacer.unchanged(A, 0.0)
    offer(pacer, B, 1, lanes=(ONE,))
    assert pacer.plan(0.0).sends == (Send(B, 1),)
    assert pacer.settled(A)
    assert pacer.tally.saved == 1


def test_a_refusal_rests_all_that_the_send_drew_from():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(TWO, FREE))
    pacer.plan(0.0)
    pacer.throttled(A, 1.0, retry_after=30.0)
    offer(pacer, B, 1, Priority.FINAL, lanes=(FREE,), now=1.0)
    assert pacer.plan(1.0) == Plan((), wake_at=31.0)
    assert pacer.plan(31.0).sends == (Send(B, 1), Send(A, 1))
    assert pacer.tally.throttled == 1


def test_a_refusal_that_names_its_lane_rests_only_that():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(ONE, FREE))
    pacer.plan(0.0)
    pacer.throttled(A, 1.0, retry_after=30.0, lane="one")
    offer(pacer, B, 1, lanes=(FREE,), now=1.0)
    assert pacer.plan(1.0) == Plan((Send(B, 1),), wake_at=31.0)


def test_a_refusal_without_a_time_still_means_a_rest():
    pacer = Pacer()
    offer(pacer, A, 1)
    pacer.plan(0.0)
    pacer.throttled(A, 0.0, retry_after=-5.0)
    assert pacer.plan(0.0) == Plan((), wake_at=SHORTEST_PAUSE)


def test_a_failure_is_tried_again_when_the_shell_says():
    pacer = Pacer()
    offer(pacer, A, 1)
    pacer.plan(0.0)
    pacer.failed(A, 1.0, retry_at=16.0)
    offer(pacer, A, 2, Priority.FINAL, now=2.0)
    assert pacer.plan(2.0) == Plan((), wake_at=16.0)
    assert pacer.plan(16.0).sends == (Send(A, 2),)


def test_failures_in_a_row_are_tried_ever_less_often():
    pacer = Pacer()
    offer(pacer, A, 1)
    now, gaps = 0.0, list[float]()
    for _ in range(12):
        assert pacer.plan(now).sends == (Send(A, 1),)
        pacer.failed(A, now)
        wake_at = pacer.plan(now).wake_at
        assert wake_at is not None
        gaps.append(wake_at - now)
        now = wake_at
    assert gaps[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert gaps[-1] == LAST_RETRY
    pacer.plan(now)
    pacer.succeeded(A, now)
    offer(pacer, A, 2, Priority.FINAL, now=now)
    assert pacer.plan(now).sends == (Send(A, 2),)


def test_a_revision_that_was_tried_is_not_an_edit_saved():
    pacer = Pacer()
    offer(pacer, A, 1)
    pacer.plan(0.0)
    pacer.failed(A, 0.0)
    offer(pacer, A, 2)
    assert pacer.tally.coalesced == 0
    assert pacer.tally.failed == 1


def test_an_abandoned_surface_is_never_sent_again():
    pacer = Pacer()
    offer(pacer, A, 1)
    pacer.plan(0.0)
    pacer.abandon(A, 0.0)
    offer(pacer, A, 2, Priority.FINAL)
    assert pacer.plan(1.0) == Plan()
    assert pacer.idle
    assert pacer.settled(A)


def test_a_forgotten_surface_gives_its_place_up_and_may_start_afresh():
    pacer = Pacer()
    offer(pacer, A, 5, lanes=(ONE,))
    offer(pacer, B, 1, lanes=(ONE,))
    pacer.plan(0.0)
    pacer.forget(A)
    pacer.forget(C)
    pacer.failed(A, 2.0)
    assert pacer.plan(2.0) == Plan((), wake_at=12.0)
    offer(pacer, A, 1, Priority.FINAL, lanes=(FREE,))
    assert pacer.plan(2.0).sends == (Send(A, 1),)


def test_a_send_of_a_forgotten_surface_counts_until_the_platform_has_answered():
    pacer = Pacer()
    offer(pacer, A, 5, lanes=(ONE,))
    pacer.plan(0.0)
    pacer.forget(A)
    offer(pacer, B, 1, lanes=(ONE,))
    assert pacer.plan(50.0) == Plan()  # whatever time passes
    pacer.succeeded(A, 50.0)
    assert pacer.plan(59.0) == Plan((), wake_at=60.0)
    assert pacer.plan(60.0).sends == (Send(B, 1),)


def test_a_report_of_a_surface_nobody_follows_any_more_is_ignored():
    pacer = Pacer()
    offer(pacer, A, 1)
    pacer.plan(0.0)
    pacer.abandon(A, 0.0)
    pacer.succeeded(A, 1.0)
    pacer.unchanged(A, 1.0)
    pacer.throttled(A, 1.0, retry_after=1.0)
    pacer.failed(A, 1.0)
    assert pacer.tally.sent == pacer.tally.failed == 0


def test_a_report_without_a_send_is_a_bug_of_the_shell():
    pacer = Pacer()
    offer(pacer, A, 1)
    with pytest.raises(AssertionError, match="without a send in flight"):
        pacer.succeeded(A, 0.0)


def test_time_never_runs_backwards():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(ONE,), now=100.0)
    show(pacer, 100.0)
    offer(pacer, B, 1, lanes=(ONE,), now=3.0)
    assert pacer.plan(3.0) == Plan((), wake_at=110.0)


def test_an_urgent_send_about_to_go_keeps_the_tokens_it_will_need():
    """Otherwise two busy lanes could take turns in keeping it out."""
    pacer = Pacer()
    quick = Lane(key="quick", windows=(Window(1, 1.0),))
    offer(pacer, A, 1, lanes=(quick,))
    show(pacer, 0.0)
    offer(pacer, B, 1, Priority.FINAL, lanes=(quick, ONE), now=0.1)
    offer(pacer, C, 1, lanes=(ONE,), now=0.1)
    assert pacer.plan(0.1) == Plan((), wake_at=1.0)
    assert pacer.plan(1.0).sends == (Send(B, 1),)


def test_an_urgent_send_that_must_wait_long_blocks_nobody():
    pacer = Pacer()
    slow = Lane(key="slow", windows=(Window(1, 60.0),))
    offer(pacer, A, 1, lanes=(slow,))
    show(pacer, 0.0)
    offer(pacer, B, 1, Priority.FINAL, lanes=(slow, ONE), now=0.1)
    offer(pacer, C, 1, lanes=(ONE,), now=0.1)
    assert pacer.plan(0.1).sends == (Send(C, 1),)


def test_levels_tell_how_every_lane_stands():
    pacer = Pacer()
    offer(pacer, A, 1, lanes=(TWO, FREE))
    pacer.plan(0.0)
    free, two = pacer.lane_levels(0.0)
    assert (free.key, two.key, two.left, two.size) == ("free", "two", 1, 2)
    pacer.throttled(A, 0.0, retry_after=5.0)
    assert pacer.lane_levels(2.0)[1].paused_for == 3.0
    assert pacer.lane_levels(2.0)[1].believed == SHRINK


def test_the_tally_is_a_copy():
    pacer = Pacer()
    before = pacer.tally
    offer(pacer, A, 1)
    show(pacer, 0.0)
    assert (before.sent, pacer.tally.sent) == (0, 1)


KEPT = 3
BUSY = Lane(key="busy", windows=(Window(10, 60.0), Window(5, 2.0)), reserve=0.3)


@given(
    gaps=st.lists(st.floats(20.5, 60.0), min_size=1, max_size=6),
    turns=st.integers(1, 12),
)
@settings(deadline=None)
def test_however_much_progress_there_is_a_final_goes_out_at_once(
    gaps: list[float], turns: int
):
    """At most `KEPT` finals a window: exactly what the reserve promises."""
    pacer = Pacer(min_interval=0.1)
    now, revision = 0.0, 0
    for number, gap in enumerate(gaps):
        until = now + gap
        while now < until:
            revision += 1
            for turn in range(turns):
                offer(
                    pacer, SurfaceId(f"turn {turn}"), revision, lanes=(BUSY,), now=now
                )
            show(pacer, now)
            now += 1.0
        final = SurfaceId(f"final {number}")
        offer(pacer, final, 1, Priority.FINAL, lanes=(BUSY,), now=now)
        assert final in [send.surface for send in show(pacer, now)]


def test_what_waits_for_a_person_is_shown_at_once_however_little_is_new():
    edit = Way(lanes=(Lane(key="scarce", windows=(Window(10, 60.0),)),))
    pacer = Pacer()
    for surface, priority in ((A, Priority.WAITING), (B, Priority.PROGRESS)):
        pacer.offer(surface, 1, priority=priority, ways=(edit,), size=400, now=0.0)
    for send in pacer.plan(0.0).sends:
        pacer.succeeded(send.surface, 0.1)
    for surface, priority in ((A, Priority.WAITING), (B, Priority.PROGRESS)):
        pacer.offer(surface, 2, priority=priority, ways=(edit,), size=401, now=0.2)
    assert [send.surface for send in pacer.plan(0.2).sends] == [A]
