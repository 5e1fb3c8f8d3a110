"""What the pacer promises about ends, streams, fairness and cost."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.choice import PATIENCE
from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import NEAR_END, Pacer
from bot.pacing.plan import Priority, Send
from bot.pacing.way import Use, Way
from bot.protocol.ids import SurfaceId

A, B = SurfaceId("a"), SurfaceId("b")
RATE = 240
"""Characters a second that the turns here say."""


def lane(key: str, count: float, seconds: float = 60.0) -> Lane:
    return Lane(key=key, windows=(Window(count, seconds),))


def slack(
    *, edits: float = 50, posts: float = 300, stops: float = 20
) -> tuple[Way, ...]:
    edit = Way(name="edit", lanes=(lane("edits", edits),))
    fresh = Way(name="final_post", lanes=(lane("posts", posts),), use=Use.ENDING)
    append = Way(name="append", lanes=(lane("appends", 100),), use=Use.PROGRESS)
    close = Way(
        name="close", lanes=(lane("stops", stops),), use=Use.ENDING, then=(edit, fresh)
    )
    opening = Way(
        name="open",
        lanes=(lane("starts", 20), lane("posts", posts)),
        use=Use.PROGRESS,
        then=(append, close),
    )
    post = Way(name="post", lanes=(lane("posts", posts),), then=(edit, fresh))
    return (post, opening)


def streams(*, stops: float = 20) -> tuple[Way, ...]:
    """Return ways that begin with a stream, but for a last word."""
    post, opening = slack(stops=stops)
    return (opening, replace(post, use=Use.ENDING))


@dataclass
class Shell:
    """Shows turns that all say the same; answers come at once."""

    ways: tuple[Way, ...]
    pacer: Pacer = field(default_factory=Pacer)
    now: float = 0.0
    sent: list[tuple[float, Send]] = field(default_factory=list[tuple[float, Send]])
    begun: dict[SurfaceId, float] = field(default_factory=dict[SurfaceId, float])
    known: dict[SurfaceId, tuple[Way, ...]] = field(
        default_factory=dict[SurfaceId, tuple[Way, ...]]
    )

    def offer(
        self,
        surface: SurfaceId,
        priority: Priority = Priority.PROGRESS,
        *,
        ends_soon: bool = False,
    ) -> None:
        said = round((self.now - self.begun.setdefault(surface, self.now)) * RATE)
        self.pacer.offer(
            surface,
            said + 1 + (priority is Priority.FINAL),
            priority=priority,
            ways=self.known.setdefault(surface, self.ways),
            size=said,
            now=self.now,
            ends_soon=ends_soon,
        )

    def show(self) -> list[Send]:
        sends = list(self.pacer.plan(self.now).sends)
        for send in sends:
            self.pacer.succeeded(send.surface, self.now)
            ways = self.known[send.surface]
            then = next(way.then for way in ways if way.name == send.way)
            self.known[send.surface] = then or ways
            self.sent.append((self.now, send))
        return sends

    def talk(self, surfaces: list[SurfaceId], until: float, step: float = 0.1) -> None:
        while self.now < until:
            for surface in surfaces:
                self.offer(surface)
            self.show()
            self.now += step

    def ways_of(self, surface: SurfaceId) -> list[str]:
        return [send.way for _, send in self.sent if send.surface == surface]


def turns(count: int) -> list[SurfaceId]:
    return [SurfaceId(f"t{number}") for number in range(count)]


# ------------------------------------------------------------------------------ ends


@given(
    live=st.integers(1, 12),
    size=st.integers(2, 30),
    seconds=st.floats(0.0, 40.0),
)
@settings(max_examples=40, deadline=None)
def test_whatever_progress_there_is_every_living_turn_can_end_at_once(
    live: int, size: int, seconds: float
):
    """One lane for everything, the worst case: as many ends as it can hold at all."""
    only = lane("only", size)
    edit = Way(name="edit", lanes=(only,))
    shell = Shell((Way(name="post", lanes=(only,), then=(edit,)),))
    shell.talk(turns(live), seconds)
    seen = [s for s in shell.begun if shell.ways_of(s)]
    for surface in seen:
        shell.offer(surface, Priority.FINAL)
    ended = {send.surface for send in shell.show()}
    # The first of a lane that has nothing to spare is let in all the same.
    assert len(ended) >= min(len(seen), size - 1)


@given(live=st.integers(1, 60), seconds=st.floats(0.5, 30.0))
@settings(max_examples=20, deadline=None)
def test_finals_go_by_another_lane_than_the_one_that_is_used_up(
    live: int, seconds: float
):
    [post, _] = slack(edits=10)
    shell = Shell((post,))
    shell.talk(turns(live), seconds, step=0.25)
    for surface in turns(live):
        shell.offer(surface, Priority.FINAL)
    assert {send.surface for send in shell.show()} == set(turns(live))


def test_a_final_stays_in_its_message_where_edits_are_plenty():
    shell = Shell(slack()[:1])
    shell.talk([A], 3.0)
    shell.offer(A, Priority.FINAL)
    assert [send.way for send in shell.show()] == ["edit"]


def test_a_final_leaves_scarce_edits_to_those_who_go_on():
    shell = Shell(slack()[:1])
    shell.talk([A, *turns(30)], 3.0)
    shell.offer(A, Priority.FINAL)
    assert Send(A, 722, "final_post") in shell.show()
    assert shell.pacer.lane_levels(3.0)[0].left > 10


def test_a_channel_takes_as_many_first_messages_at_once_as_it_can():
    """Their ends go by edits, for which others leave them tokens."""
    channel, posts = lane("channel", 5, 5.0), lane("posts", 300)
    edit = Way(name="edit", lanes=(lane("edits", 50),))
    fresh = Way(name="final_post", lanes=(posts, channel), use=Use.ENDING)
    shell = Shell((Way(name="post", lanes=(posts, channel), then=(edit, fresh)),))
    shell.talk(turns(15), 12.0)
    seen = {send.surface: at for at, send in shell.sent if send.way == "post"}
    assert sum(at < 1.0 for at in seen.values()) == 5
    assert len(seen) > 10
    for surface in seen:
        shell.offer(surface, Priority.FINAL)
    assert {send.surface for send in shell.show()} >= set(seen)


def test_an_end_that_needs_an_approval_first_is_not_held_up_by_streams():
    shell = Shell(slack())
    shell.talk(turns(60), 2.0)
    shell.offer(A, Priority.APPROVAL)
    assert next(send.surface for send in shell.show()) == A


@pytest.mark.parametrize("wait", [0.0, 0.2, NEAR_END - 0.01])
def test_who_is_about_to_end_gets_no_progress_just_before(wait: float):
    shell = Shell(slack()[:1])
    shell.talk([A], 3.0)
    shell.offer(A, ends_soon=True)
    before = len(shell.sent)
    shell.now += wait
    shell.offer(A)
    assert shell.show() == []
    shell.offer(A, Priority.FINAL)
    assert len(shell.show()) == 1
    assert len(shell.sent) == before + 1


def test_an_end_that_does_not_come_holds_progress_up_no_longer():
    shell = Shell(slack()[:1])
    shell.talk([A], 3.0)
    shell.offer(A, ends_soon=True)
    shell.now += NEAR_END + 0.01
    shell.offer(A)
    assert [send.way for send in shell.show()] == ["edit"]


# --------------------------------------------------------------------------- streams


@given(live=st.integers(1, 60), stops=st.integers(2, 25), seconds=st.floats(0.5, 30.0))
@settings(max_examples=30, deadline=None)
def test_every_stream_that_is_opened_can_be_closed_at_once(
    live: int, stops: int, seconds: float
):
    shell = Shell(slack(edits=10, stops=stops))
    shell.talk(turns(live), seconds, step=0.25)
    for surface in turns(live):
        shell.offer(surface, Priority.FINAL)
    shell.show()
    for surface in turns(live):
        ways = shell.ways_of(surface)
        if ways[0] == "open":
            assert set(ways[1:-1]) <= {"append"}
            assert ways[-1] == "close"
        assert shell.pacer.settled(surface)


def test_turns_are_spread_over_the_lanes():
    shell = Shell(slack())
    shell.talk(turns(30), 5.0)
    first = [shell.ways_of(surface)[0] for surface in turns(30)]
    assert 10 <= first.count("open") <= 20


def test_a_turn_alone_needs_no_stream():
    shell = Shell(slack())
    shell.talk([A], 1.0)
    assert shell.ways_of(A)[0] == "post"


def test_a_stream_is_closed_in_time_even_if_there_is_nothing_new():
    shell = Shell(streams())
    shell.talk([A], 1.0)
    assert shell.ways_of(A)[0] == "open"
    append, close = shell.known[A]
    shell.known[A] = (append, replace(close, by=240.0))
    shell.offer(A)
    shell.show()
    shell.now = 2.0
    assert shell.show() == []
    assert shell.pacer.plan(2.0).wake_at == 240.0
    shell.now = 240.0
    assert [send.way for send in shell.show()] == ["close"]
    assert shell.pacer.plan(240.0).wake_at is None
    shell.begun[A] = 239.0
    shell.now = 241.0
    shell.pacer.offer(
        A, 10**6, priority=Priority.PROGRESS, ways=shell.known[A], now=241.0
    )
    assert [send.way for send in shell.show()] == ["edit"]


def test_who_waits_for_a_person_closes_its_stream_by_the_token_kept_for_that():
    shell = Shell(streams(stops=3))
    three = turns(3)
    shell.talk(three, 2.0)
    assert [shell.ways_of(surface)[0] for surface in three] == ["open"] * 3
    for surface in three:
        close = replace(shell.known[surface][1], use=Use.ANY)
        shell.known[surface] = (close,)
        shell.offer(surface, Priority.WAITING)
    assert [send.way for send in shell.show()] == ["close"] * 3


# ------------------------------------------------------------------- fair, alive, cheap


@given(
    live=st.integers(2, 25),
    edits=st.integers(3, 60),
    step=st.sampled_from([0.1, 0.25, 0.5]),
)
@settings(max_examples=25, deadline=None)
def test_equal_turns_are_served_alike(live: int, edits: int, step: float):
    """Whenever we stop looking, nobody was refreshed twice more than somebody else."""
    [post, _] = slack(edits=edits)
    shell = Shell((post,))
    while shell.now < 20.0:
        shell.talk(turns(live), shell.now + step, step)
        served = [len(shell.ways_of(surface)) for surface in turns(live)]
        assert max(served) - min(served) <= 1


def test_who_says_more_is_shown_first():
    shell = Shell(slack(edits=2)[:1])
    shell.talk([A, B], 0.2)
    for _ in range(40):
        shell.now += 0.1
        shell.offer(A)
        shell.pacer.offer(
            B, round(shell.now * 100), priority=Priority.PROGRESS, size=1, now=shell.now
        )
        shell.show()
    assert len(shell.ways_of(A)) > len(shell.ways_of(B))


def test_much_that_is_new_goes_before_little_that_is_old():
    pacer = Pacer(min_interval=0.0)
    free = (Way(name="edit"),)
    for surface in (A, B):
        pacer.offer(surface, 0, priority=Priority.PROGRESS, ways=free, size=0, now=0.0)
        pacer.plan(0.0)
        pacer.succeeded(surface, 0.0)
    for surface, size, now in ((B, 10, 1.0), (A, 1000, 2.0)):
        pacer.offer(surface, 1, priority=Priority.PROGRESS, size=size, now=now)
    assert pacer.plan(3.0).sends == (Send(A, 1, "edit"), Send(B, 1, "edit"))


def test_a_change_is_shown_in_bounded_time_however_small_it_is():
    shell = Shell(slack()[:1])
    for surface in (A, *turns(40)):
        shell.offer(surface)
    shell.show()
    shell.pacer.offer(A, 2, priority=Priority.PROGRESS, size=1, now=0.0)
    small = next(
        second
        for second in range(1, 100)
        if any(send.surface == A for send in _second(shell, second))
    )
    assert small <= PATIENCE + 1


def _second(shell: Shell, second: int) -> list[Send]:
    before = len(shell.sent)
    shell.talk(turns(40), float(second))
    return [send for _, send in shell.sent[before:]]


def test_decoration_waits_until_nobody_needs_the_lane():
    shell = Shell(slack()[:1])
    shell.talk(turns(20), 5.0)
    edit = shell.known[turns(1)[0]][:1]
    shell.pacer.offer(A, 1, priority=Priority.DECORATION, ways=edit, size=0, now=5.0)
    shell.talk(turns(20), 15.0)
    assert shell.ways_of(A) == []
    for surface in turns(20):
        shell.pacer.forget(surface)
    shell.known[A] = edit
    for _ in range(400):
        shell.now += 1.0
        shell.show()
    assert shell.ways_of(A) == ["edit"]


@given(live=st.integers(1, 40), offers=st.integers(1, 300))
@settings(max_examples=25, deadline=None)
def test_an_offer_before_anything_is_due_looks_at_nobody(live: int, offers: int):
    shell = Shell(slack()[:1])
    shell.talk(turns(live), 0.1)
    shell.talk(turns(live), 0.2)
    before = shell.pacer.tally.looked
    for _ in range(offers):
        shell.now += 0.2 / offers
        for surface in turns(live):
            shell.offer(surface)
            shell.show()
    # Each became stale once: that is looked into, but no offer after it.
    assert shell.pacer.tally.looked - before <= 2 * live * live


def test_who_will_end_apart_is_told_so_in_time() -> None:
    """So a message whose turn is over does not say that somebody is at work."""
    shell = Shell(slack()[:1])
    everybody = [A, *turns(30)]
    shell.talk(everybody, 6.0)
    assert not shell.sent[0][1].apart  # nobody else was there yet
    told = {send.surface: send.apart for _, send in shell.sent}
    for surface in everybody:
        shell.offer(surface, Priority.FINAL)
    ends = {send.surface: send.way for send in shell.show()}
    assert {told[surface] for surface in everybody} == {True}
    assert set(ends.values()) == {"final_post"}


def test_who_was_not_told_ends_in_place_while_an_edit_can_be_had() -> None:
    """Else its message would look alive until there is another edit to tidy it by."""
    shell = Shell(slack()[:1])
    shell.offer(A)
    shell.show()
    shell.talk(turns(30), 3.0)
    shell.offer(A, Priority.FINAL)
    assert [send.way for send in shell.show() if send.surface == A] == ["edit"]


def test_where_edits_are_plenty_nobody_is_told_of_another_message() -> None:
    shell = Shell(slack())
    shell.talk([A, B], 6.0)
    assert not any(send.apart for _, send in shell.sent)


def test_a_stream_ends_in_its_own_message() -> None:
    shell = Shell(slack())
    shell.talk(turns(60), 6.0)
    growing = {"open", "append"}
    assert not any(send.apart for _, send in shell.sent if send.way in growing)


@pytest.mark.parametrize(
    ("priority", "first"), [(Priority.TIDY, A), (Priority.DECORATION, B)]
)
def test_what_looks_alive_is_tidied_before_all_progress(
    priority: Priority, first: SurfaceId
) -> None:
    pacer, one = Pacer(), (Way(name="edit", lanes=(lane("edits", 1),)),)
    for surface in (A, B):
        pacer.offer(surface, 1, priority=Priority.PROGRESS, ways=(Way(),), now=0.0)
        pacer.plan(0.0)
        pacer.succeeded(surface, 0.0)
    pacer.offer(B, 2, priority=Priority.PROGRESS, ways=one, size=9000, now=1.0)
    pacer.offer(A, 2, priority=priority, ways=one, now=1.0)
    assert [send.surface for send in pacer.plan(30.0).sends] == [first]


def test_all_is_told_when_only_tidying_is_left() -> None:
    pacer, edit = Pacer(), Way(name="edit", lanes=(lane("edits", 1),))
    for surface in (A, B):
        pacer.offer(surface, 1, priority=Priority.FINAL, ways=(edit,), now=0.0)
    assert pacer.plan(0.0).sends == (Send(A, 1, "edit"),)
    assert not pacer.told(A)
    assert not pacer.told(B)
    pacer.succeeded(A, 0.0)
    assert pacer.told(A)
    for priority in (Priority.DECORATION, Priority.TIDY):
        pacer.offer(A, 2, priority=priority, now=0.0)
        assert pacer.plan(0.0).sends == ()
        assert pacer.told(A)
        assert not pacer.settled(A)
    pacer.offer(A, 2, priority=Priority.TIDY, ways=(replace(edit, by=9.0),), now=0.0)
    assert not pacer.told(A), "what it shows is in doubt"


def test_what_is_under_way_is_not_told_yet() -> None:
    pacer = Pacer()
    pacer.offer(A, 1, priority=Priority.TIDY, ways=(Way(),), now=0.0)
    assert pacer.plan(0.0).sends
    assert not pacer.told(A)
