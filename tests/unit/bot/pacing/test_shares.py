"""What replicas together do with one lane, whatever becomes of each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.lanes import Window
from bot.pacing.shares import SILENT, Ask, LaneAccount, Part

MINUTE = (Window(50, 60.0),)
ODD = (Window(7, 1.0), Window(8, 2.0), Window(12, 30.0))
START = 1_800_000_000.25


@dataclass(slots=True, kw_only=True)
class Replica:
    """One process that obeys its part."""

    name: str
    held: int = 0
    flying: list[float] = field(default_factory=list[float])
    """When the platform saw the calls that it has not answered."""
    settled: list[float] = field(default_factory=list[float])
    asked_at: float = START

    def ask(self, account: LaneAccount, now: float, want: Ask) -> LaneAccount:
        ask = Ask(
            settled=tuple(self.settled),
            out=len(self.flying),
            urgent=want.urgent,
            wants=want.wants,
            live=want.live,
            keep=want.keep,
        )
        account, part = account.exchange(self.name, ask, ODD, now)
        assert part.held + part.free >= 0
        self.held, self.asked_at = part.held, now
        self.settled.clear()
        return account


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "call", "answer", "ask", "call", "die"]),
        st.integers(0, 2),
        st.sampled_from([0.0, 0.0, 0.1, 0.4, 0.5, 1.0, 1.3, 6.0, 29.0]),
        st.builds(
            Ask,
            urgent=st.integers(0, 3),
            wants=st.integers(4, 12),
            live=st.integers(1, 9),
            keep=st.integers(0, 1),
        ),
    ),
    min_size=10,
    max_size=60,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_all_replicas_together_keep_to_every_window(
    steps: Sequence[tuple[str, int, float, Ask]],
) -> None:
    account, now = LaneAccount(), START
    replicas = [Replica(name=name) for name in "abc"]
    seen: list[float] = []
    for what, who, later, want in steps:
        now += later
        replica = replicas[who]
        in_time = now < replica.asked_at + SILENT
        match what:
            case "ask":
                account = LaneAccount.from_json(account.as_json())
                account = replica.ask(account, now, want)
            case "call" if in_time:
                replica.flying += [now] * replica.held
                seen += [now] * replica.held
                replica.held = 0
            case "answer" if replica.flying and in_time:
                replica.flying.pop(0)
                replica.settled.append(now)
            case "die":  # another comes, with another name
                replicas[who] = Replica(name=f"{replica.name}+", asked_at=now)
            case _:
                pass
    for window in ODD:
        for at in seen:
            within = [t for t in seen if at <= t < at + window.seconds]
            assert len(within) <= window.count, (window, at)


def ask_in_turn(account: LaneAccount, now: float, **asks: Ask) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for name, ask in asks.items():
        account, parts[name] = account.exchange(name, ask, MINUTE, now)
    return parts


def test_one_replica_alone_may_have_everything() -> None:
    parts = ask_in_turn(LaneAccount(), START, a=Ask(wants=60, live=3))
    assert parts["a"] == Part(held=50, free=0, live=3)


def test_who_shows_more_gets_more() -> None:
    account, _ = LaneAccount().exchange("a", Ask(live=30), MINUTE, START)
    account, small = account.exchange("b", Ask(wants=50, live=10), MINUTE, START)
    _, large = account.exchange("a", Ask(wants=50, live=30), MINUTE, START)
    assert (small.held, large.held) == (13, 28)


def test_what_is_kept_goes_to_what_is_urgent() -> None:
    calm = Ask(wants=50, live=1, keep=10)
    account, part = LaneAccount().exchange("a", calm, MINUTE, START)
    assert part == Part(held=40, free=10, live=1)
    _, part = account.exchange("b", Ask(urgent=12), MINUTE, START)
    assert part.held == 10


def test_what_a_dead_replica_held_comes_back() -> None:
    account, _ = LaneAccount().exchange("a", Ask(wants=50, live=1), MINUTE, START)
    for later, held in ((0.0, 0), (59.0 + SILENT, 0), (63.0 + SILENT, 50)):
        _, part = account.exchange("b", Ask(wants=50, live=1), MINUTE, START + later)
        assert part.held == held, later


def test_an_account_does_not_grow() -> None:
    account = LaneAccount()
    for second in range(500):
        now = START + second
        ask = Ask(settled=(now,), wants=1, live=1)
        account, _ = account.exchange(f"w{second}", ask, MINUTE, now)
    assert len(account.used) <= 62
    assert len(account.stakes) <= SILENT + 1


def test_what_awaits_its_answer_is_nobody_elses() -> None:
    account, _ = LaneAccount().exchange("a", Ask(out=45, live=1), MINUTE, START)
    _, part = account.exchange("b", Ask(wants=50, live=99), MINUTE, START)
    assert part.held == 5


def test_a_use_counts_until_its_window_is_over() -> None:
    late_in_its_slice = START + 0.7
    ask = Ask(settled=(late_in_its_slice,) * 50)
    account, _ = LaneAccount().exchange("a", ask, MINUTE, late_in_its_slice)
    for later, held in ((59.9, 0), (61.0, 50)):
        now = late_in_its_slice + later
        _, part = account.exchange("b", Ask(wants=50, live=1), MINUTE, now)
        assert part.held == held, later
