"""Lanes: the platforms' budgets, and what is left of them. Pure; time is an argument.

A platform counts calls when *it* sees them, which is some time between our sending
and its answer. So a token is out from the moment it is drawn (`Bucket.draw`), and a
window starts to count only when the answer is in (`Bucket.settle`). That gives the
bound proved in ``tests/unit/bot/pacing/``:

    Whatever the latency, no half-open interval of ``window.seconds`` contains more
    than ``window.count`` calls *as the platform sees them*, for every window of
    every lane, at any time.

A platform that counts in fixed windows, or with a token bucket that holds ``count``
and refills ``count / seconds``, allows everything that this bound allows.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, floor, inf

from bot.pacing.allotment import Allotment
from bot.pacing.belief import Belief
from bot.pacing.quota import Quota
from bot.pacing.shares import Ask
from bot.pacing.window import Window

SWEEP = 60.0
"""Seconds between two looks for lanes that nobody uses any more."""
TURN = 15.0
"""Seconds that a turn lasts, about. What is used of a shorter window comes back before
turns end, so nothing is kept in it."""
ENDS = 0.5
"""Share of such a window that so many turns may at most hope for when they end."""
SPREAD = 0.15
"""Share of such a window that ends may take on average (our choice)."""
PLENTY = 10**6
"""What a lane without windows allows."""
BUSY = 0.8
"""Share of a window that is used when the lane is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One rate-limited way to change what people see."""

    key: str
    """What the platform counts by, e.g. ``slack/T1/chat.update``."""
    windows: tuple[Window, ...]
    """All of them hold at once."""
    reserve: float = 0.0
    """Share of each window (0 to 1) kept for approvals and finals that nobody could
    foresee; what the turns that live now need for their ends is kept beside it."""
    shared: bool = False
    """Whether all replicas draw from it: then only what this one is given may be
    drawn (`bot.pacing.shares`)."""
    most: float = 1.0
    """How many times the documented budget may be believed in, if use shows that
    there is more; 1: never more than is documented."""
    blamed: bool = True
    """Whether a refusal that names no lane is taken for this one's too; if not, only
    where there is no other. A lane of everybody's must not rest for one of them."""
    quota: str = ""
    """The key of what its calls use up beside, if the platform has such a quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLevel:
    """How a lane stands, for display."""

    key: str
    left: int
    """Operations that may still be done now, the reserve included."""
    size: int
    """Operations that the tightest window holds when nothing has been used."""
    seconds: float
    """Length of that window."""
    believed: float
    """Share of the documented budget that is believed in after refusals."""
    paused_for: float
    """Seconds until the lane opens again after a refusal; 0 when it is open."""


class Haste(Enum):
    """How much of a lane a send may claim."""

    URGENT = auto()
    """All of it: approvals and finals."""
    PATIENT = auto()
    """All but what is kept for them: everything else."""


class _Meter:
    """What one window has counted."""

    __slots__ = ("log", "size", "span")

    def __init__(self, window: Window, log: Iterable[float] = ()) -> None:
        # A budget below one operation is one operation in a longer window.
        self.size = max(1, floor(window.count))
        self.span = window.seconds / min(1.0, window.count)
        self.log = deque(log)
        """When the operations in the window were settled, oldest first."""

    def forget_until(self, now: float) -> None:
        """Drop what the window no longer covers."""
        while self.log and self.log[0] + self.span <= now:
            self.log.popleft()

    def comes_back(self, now: float, within: float) -> int:
        """Return how many operations may be done again in the next seconds."""
        if within >= self.span:
            # Whatever is used now comes back too, and may be used again.
            return len(self.log) + floor(self.size * (within / self.span - 1))
        return bisect_right(self.log, now + within - self.span)


class Bucket:
    """One lane's state.

    Args:
        lane: What the platform documents.
        alone: Whether no other process draws from it, shared or not.
        quota: The state of `Lane.quota`.
    """

    def __init__(
        self, lane: Lane, *, alone: bool = True, quota: Quota | None = None
    ) -> None:
        self.quota = quota
        self._lane = lane
        self._meters = [_Meter(window) for window in lane.windows]
        self._out = 0
        self._belief = Belief(lane.most)
        self.paused_until = -inf
        """When the lane opens again after a refusal."""
        self.allotment = Allotment() if lane.shared and not alone else None
        """What this replica may draw, of a lane that is shared."""

    @property
    def key(self) -> str:
        """Return what the platform counts by."""
        return self._lane.key

    @property
    def lane(self) -> Lane:
        """Return what the platform documents."""
        return self._lane

    @property
    def window(self) -> float:
        """Return the seconds of its longest window."""
        return max((meter.span for meter in self._meters), default=0.0)

    def redefine(self, lane: Lane) -> None:
        """Take over new limits; what has been used stays used."""
        if lane is self._lane or lane == self._lane:
            return
        longest = max(self._meters, key=lambda meter: meter.span, default=None)
        log = longest.log if longest else ()
        self._lane = lane
        self._belief.most = lane.most
        self._meters = [_Meter(window, log) for window in lane.windows]

    def left(self, now: float) -> int:
        """Return how many operations may be done at ``now``, reserve included."""
        return 0 if now < self.paused_until else self._tightest(now)[0]

    def level(self, now: float) -> LaneLevel:
        """Return how the lane stands at ``now``."""
        _, tightest = self._tightest(now)
        return LaneLevel(
            key=self._lane.key,
            left=self.left(now),
            size=tightest.size if tightest else 0,
            seconds=tightest.span if tightest else 0.0,
            believed=self._belief.share,
            paused_for=max(0.0, self.paused_until - now),
        )

    def ready_at(
        self, now: float, haste: Haste, *, held: int = 0, kept: int = 0
    ) -> float:
        """Return when one operation may be drawn: a time <= ``now`` means at once.

        Args:
            now: Monotonic seconds.
            haste: How much of the lane it may claim.
            held: Tokens spoken for by others who go first.
            kept: Turns that live and will need a token for their end; the urgent
                need not care.

        Returns:
            Monotonic seconds; infinity if that depends on an answer still awaited.
        """
        ready = self.paused_until
        if self.quota and haste is Haste.PATIENT:
            ready = max(ready, self.quota.until)
        for meter in self._meters:
            meter.forget_until(now)
            allowed = self._allowed(meter, haste, kept)
            used = self._out + len(meter.log) + held
            if used >= allowed:
                if used - allowed >= len(meter.log):
                    return inf
                # It opens when enough of what was used is in the past.
                ready = max(ready, meter.log[used - allowed] + meter.span)
        if ready <= now and self.allotment and self.allotment.lacks(now, held + 1):
            return inf
        return ready

    @property
    def asks_for_more(self) -> bool:
        """Whether more of what all replicas share is about to be asked for."""
        return self.allotment is not None and self.allotment.hungry

    def outlook(self, now: float, within: float) -> int:
        """Return how many operations may be done in the next seconds.

        Those of the lane's reserve are left out.

        Args:
            now: Monotonic seconds.
            within: How many seconds.
        """
        if self.paused_until >= now + within:
            return 0
        return min(
            (
                max(
                    0,
                    self._allowed(meter, Haste.PATIENT)
                    + meter.comes_back(now, within)
                    - self._out
                    - len(meter.log),
                )
                for meter in self._meters
            ),
            default=PLENTY,
        )

    def holds(self, ends: int) -> bool:
        """Return whether so many turns may end by this lane.

        A window that is shorter than a turn takes some at once, or more that are
        spread over the time that turns live.
        """
        return all(
            ends <= max(ENDS, SPREAD * TURN / meter.span) * whole
            if meter.span < TURN
            else ends <= whole
            for meter in self._meters
            for whole in [self._whole(meter)]
        )

    def draw(self) -> None:
        """Take one operation out of every window."""
        self._out += 1
        if self.allotment:
            self.allotment.draw()

    def refund(self) -> None:
        """Put one operation back: it never reached the platform."""
        self._out -= 1
        if self.allotment:
            self.allotment.refund()

    def settle(self, now: float) -> None:
        """Count one drawn operation: the platform has seen it by now."""
        self._out -= 1
        if self.allotment:
            self.allotment.settle(now)
        for meter in self._meters:
            meter.forget_until(now)
            meter.log.append(now)

    def grow(self, now: float) -> None:
        """Believe in a little more after a success."""
        busy = any(
            self._out + len(meter.log) >= BUSY * self._whole(meter)
            for meter in self._meters
        )
        self._belief.succeeded(now, busy=busy)
        if self.quota:
            self.quota.succeeded()

    def pause(self, now: float, until: float) -> None:
        """Rest ``until`` then and believe in less.

        Refusals that arrive while the lane rests anyway are one incident: they
        lengthen the rest, but shrink nothing.
        """
        if now >= self.paused_until:
            self._belief.refused(now)
        self.paused_until = max(self.paused_until, until)

    def is_fresh(self, now: float) -> bool:
        """Return whether nothing about this lane is worth remembering."""
        for meter in self._meters:
            meter.forget_until(now)
        used = self._out + sum(len(meter.log) for meter in self._meters)
        resting = now >= self.paused_until and self._belief.is_fresh
        return used == 0 and resting and not (self.allotment and self.allotment.busy)

    def ask(self, now: float, *, live: int, urgent: int) -> Ask:
        """Return what to tell of a shared lane, and to want; `Allotment.give` follows.

        Args:
            now: Monotonic seconds.
            live: Surfaces that are shown through it.
            urgent: Approvals and endings that wait for it.
        """
        assert self.allotment is not None, "only shared lanes are asked for"
        size = min((self._whole(meter) for meter in self._meters), default=1)
        return Ask(
            settled=tuple(self.allotment.asked()),
            out=self._out,
            urgent=urgent,
            wants=min(self.left(now), live + 1),
            live=live,
            keep=ceil(size * self._lane.reserve),
        )

    def _whole(self, meter: _Meter) -> int:
        mine = self.allotment.share if self.allotment else 1.0
        return max(1, floor(meter.size * self._belief.share * mine))

    def _allowed(self, meter: _Meter, haste: Haste, kept: int = 0) -> int:
        whole = self._whole(meter)
        if haste is Haste.URGENT:
            return whole
        # What is kept never takes the last token from progress.
        ends = 0 if meter.span < TURN else kept
        return whole - min(whole - 1, ceil(whole * self._lane.reserve) + ends)

    def _tightest(self, now: float) -> tuple[int, _Meter | None]:
        tightest: _Meter | None = None
        least = 0
        for meter in self._meters:
            meter.forget_until(now)
            left = max(0, self._whole(meter) - self._out - len(meter.log))
            if tightest is None or left < least:
                tightest, least = meter, left
        return least, tightest


class Lanes:
    """The state of every lane in use, by key.

    Args:
        alone: Whether no other process draws from them, shared or not.
    """

    def __init__(self, *, alone: bool = True) -> None:
        self._alone = alone
        self._buckets: dict[str, Bucket] = {}
        self._quotas: defaultdict[str, Quota] = defaultdict(Quota)
        self._sweep_at = -inf

    def of(self, lanes: Iterable[Lane]) -> Iterator[Bucket]:
        """Yield the state of each of ``lanes``, new lanes included."""
        for lane in lanes:
            bucket = self._buckets.get(lane.key)
            if bucket is None:
                quota = self._quotas[lane.quota] if lane.quota else None
                bucket = Bucket(lane, alone=self._alone, quota=quota)
                self._buckets[lane.key] = bucket
            else:
                bucket.redefine(lane)
            yield bucket

    def named(self, key: str) -> Bucket:
        """Return the state of the lane called ``key``, known or not."""
        known = self._buckets.get(key)
        return known or next(self.of([Lane(key=key, windows=())]))

    def levels(self, now: float) -> tuple[LaneLevel, ...]:
        """Return how every lane stands, sorted by key."""
        return tuple(self._buckets[key].level(now) for key in sorted(self._buckets))

    def shared(self) -> list[Bucket]:
        """Return the state of the lanes that other replicas draw from too."""
        return [bucket for bucket in self._buckets.values() if bucket.allotment]

    def sweep(self, now: float) -> None:
        """Drop lanes about which nothing is worth remembering, once in a while.

        Not while anybody holds what `of` returned: the next would be told of another
        state of the same lane.
        """
        if now < self._sweep_at:
            return
        self._buckets = {k: b for k, b in self._buckets.items() if not b.is_fresh(now)}
        self._sweep_at = now + SWEEP


def blamed(buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    """Return the lanes for which a refusal is taken that names none."""
    return [bucket for bucket in buckets if bucket.lane.blamed] or buckets
