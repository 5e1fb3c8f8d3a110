"""Pacers that share a lane: what they do together, and that each gets its part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.allotment import Allotment
from bot.pacing.lanes import Lane
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.shares import Ask, LaneAccount, Part
from bot.pacing.sharing import Request
from bot.pacing.way import Way
from bot.pacing.window import Window
from bot.protocol.ids import SurfaceId

TEN = Lane(key="ten", windows=(Window(10, 60.0),), reserve=0.2, shared=True)
MANY = Lane(key="many", windows=(Window(50, 60.0),), reserve=0.2, shared=True)


@dataclass(slots=True, kw_only=True)
class Replica:
    """A pacer, and what it has sent that is not answered."""

    name: str
    lane: Lane
    pacer: Pacer = field(default_factory=lambda: Pacer(alone=False))
    flying: list[SurfaceId] = field(default_factory=list[SurfaceId])
    revisions: int = 0

    def offer(self, number: int, now: float, *, last: bool = False) -> None:
        self.revisions += 1
        self.pacer.offer(
            SurfaceId(f"{self.name}{number}"),
            self.revisions,
            priority=Priority.FINAL if last else Priority.PROGRESS,
            ways=(Way(lanes=(self.lane,)),),
            now=now,
        )

    def plan(self, now: float) -> int:
        sends = self.pacer.plan(now).sends
        self.flying += [send.surface for send in sends]
        return len(sends)

    def answer(self, now: float, *, refused: bool = False) -> None:
        if self.flying and refused:
            self.pacer.throttled(self.flying.pop(0), now, retry_after=2.0)
        elif self.flying:
            self.pacer.succeeded(self.flying.pop(0), now)

    def exchange(self, account: LaneAccount, now: float) -> LaneAccount:
        return self.put(account, self.pacer.sharing.asks(now), now)

    def put(
        self, account: LaneAccount, asks: Mapping[str, Request], now: float
    ) -> LaneAccount:
        for key, request in asks.items():
            account, part = account.exchange(
                self.name, request.ask, request.windows, now
            )
            self.pacer.sharing.give(key, request.ask, part, now)
        return account


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "plan", "answer", "share", "plan", "lose", "last"]),
        st.integers(0, 2),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.0, 0.1, 0.6, 1.0, 2.5, 7.0, 30.0]),
    ),
    min_size=20,
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_together_they_exceed_no_window(
    steps: Sequence[tuple[str, int, int, float]],
) -> None:
    account, now = LaneAccount(), 1_000_000.0
    replicas = [Replica(name=name, lane=TEN) for name in "abc"]
    seen: list[float] = []
    for what, who, number, later in steps:
        now += later
        replica = replicas[who]
        match what:
            case "offer" | "last":
                replica.offer(number, now, last=what == "last")
            case "plan":
                seen += [now] * replica.plan(now)
            case "answer":
                replica.answer(now)
            case "lose":  # the store did not say whether it heard
                asks = replica.pacer.sharing.asks(now)
                replica.pacer.sharing.untold(asks)
            case _:  # what it sends meanwhile is not lost sight of
                asks = replica.pacer.sharing.asks(now)
                seen += [now] * replica.plan(now)
                account = replica.put(account, asks, now)
        for other in replicas:  # nobody is silent for long
            account = other.exchange(account, now) if later > 5.0 else account
    for at in seen:
        assert sum(at <= t < at + 60.0 for t in seen) <= 10


def test_nothing_is_drawn_that_was_not_given() -> None:
    replica = Replica(name="a", lane=TEN)
    replica.offer(0, 1.0)
    assert replica.plan(1.0) == 0
    assert replica.pacer.sharing.hungry
    replica.exchange(LaneAccount(), 1.0)
    assert not replica.pacer.sharing.hungry
    assert replica.plan(1.0) == 1


def test_what_was_given_long_ago_is_not_spent() -> None:
    replica = Replica(name="a", lane=TEN)
    replica.offer(0, 1.0)
    replica.exchange(LaneAccount(), 1.0)
    assert replica.plan(9.0) == 0
    assert replica.pacer.sharing.hungry


def test_a_replica_alone_uses_as_much_as_a_pacer_alone() -> None:
    counts = [_in_a_minute(1, shared=shared) for shared in (True, False)]
    assert counts[0] == counts[1] > 30


def test_three_replicas_use_what_one_would() -> None:
    assert _in_a_minute(3, shared=True) >= 0.85 * _in_a_minute(1, shared=False)


def _in_a_minute(many: int, *, shared: bool) -> int:
    """Let six surfaces grow for a minute; return how many sends there were."""
    lane = replace(MANY, shared=shared)
    replicas = [Replica(name=name, lane=lane) for name in "abc"[:many]]
    account, sent, now = LaneAccount(), 0, 5_000.0
    for step in range(600):
        now += 0.1
        for number in range(6):
            replicas[number % many].offer(number, now)
        for replica in replicas:
            replica.answer(now)
            if step % 5 == 0 or replica.pacer.sharing.hungry:
                account = replica.exchange(account, now)
            sent += replica.plan(now)
    return sent


def finals(replica: Replica, now: float, many: int = 10) -> int:
    for number in range(many):
        replica.offer(number, now, last=True)
    return replica.plan(now)


def test_what_one_has_used_is_gone_for_all() -> None:
    a, b = (Replica(name=name, lane=TEN) for name in "ab")
    finals(a, 1.0)
    account = a.exchange(LaneAccount(), 1.0)
    assert a.plan(1.0) == 10
    finals(b, 2.0)
    account = b.exchange(account, 2.0)
    assert b.plan(2.0) == 0  # a holds all of it
    for _ in range(10):
        a.answer(3.0)
    account = a.exchange(account, 3.0)
    account = b.exchange(account, 4.0)
    assert b.plan(4.0) == 0  # a has used all of it
    b.exchange(account, 65.0)
    assert b.plan(65.0) > 0


def test_what_awaits_its_answer_counts() -> None:
    a, b = (Replica(name=name, lane=TEN) for name in "ab")
    finals(a, 1.0)
    account = a.exchange(LaneAccount(), 1.0)
    assert a.plan(1.0) == 10
    a.answer(2.0)
    account = a.exchange(account, 2.0)
    finals(b, 2.0)
    b.exchange(account, 2.0)
    assert b.plan(2.0) == 0


ASK, PART = Ask(live=1), Part(held=3, free=0, live=1)


def test_what_is_spent_while_asking_is_spent_of_what_is_given() -> None:
    allotment = Allotment()
    allotment.give(ASK, PART, 1.0)
    allotment.asked()
    allotment.draw()
    allotment.give(ASK, PART, 2.0)
    assert allotment.left(2.0) == 2


def test_nothing_is_left_when_nobody_knows_what_was_given() -> None:
    allotment = Allotment()
    allotment.give(ASK, PART, 1.0)
    allotment.settle(1.5)
    settled = allotment.asked()
    allotment.draw()
    allotment.untold(settled)
    assert allotment.left(2.0) <= 0
    assert allotment.asked() == [1.5]
