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

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, floor, inf

SHRINK = 0.7
"""What a refusal leaves of the believed budget."""
GROW = 0.01
"""What a success adds to the believed budget, as a share of the documented one."""
LEAST = 0.1
"""The believed budget never falls below this share of the documented one."""
SWEEP = 60.0
"""Seconds between two looks for lanes that nobody uses any more."""
BURST = 0.5
"""Share of a budget that progress may use up at once; the rest is spread out."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``count`` operations in any ``seconds``."""

    count: float
    seconds: float

    def __post_init__(self) -> None:
        if not (self.count > 0 and self.seconds > 0):
            raise ValueError(f"{self!r}: count and seconds must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One rate-limited way to change what people see."""

    key: str
    """What the platform counts by, e.g. ``slack/T1/chat.update``."""
    windows: tuple[Window, ...]
    """All of them hold at once."""
    reserve: float = 0.0
    """Share of each window (0 to 1) kept for approvals and finals."""


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
    """All of it, the reserve included, at once: approvals and finals."""
    PROMPT = auto()
    """All but the reserve, at once: errors, and the first sight of a message."""
    PATIENT = auto()
    """All but the reserve, and only the first half in a burst: refreshes."""


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


class Bucket:
    """One lane's state.

    Args:
        lane: What the platform documents.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._meters = [_Meter(window) for window in lane.windows]
        self._out = 0
        self._last_draw = -inf
        self._believed = 1.0
        self.paused_until = -inf
        """When the lane opens again after a refusal."""

    def redefine(self, lane: Lane) -> None:
        """Take over new limits; what has been used stays used."""
        if lane == self._lane:
            return
        longest = max(self._meters, key=lambda meter: meter.span, default=None)
        log = longest.log if longest else ()
        self._lane = lane
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
            believed=self._believed,
            paused_for=max(0.0, self.paused_until - now),
        )

    def ready_at(self, now: float, haste: Haste, *, held: int = 0) -> float:
        """Return when one operation may be drawn: a time <= ``now`` means at once.

        Args:
            now: Monotonic seconds.
            haste: How much of the lane it may claim.
            held: Tokens spoken for by others who go first.

        Returns:
            Monotonic seconds; infinity if that depends on an answer still awaited.
        """
        ready = self.paused_until
        for meter in self._meters:
            meter.forget_until(now)
            ready = max(ready, self._meter_ready_at(meter, haste, held))
        return ready

    def draw(self, now: float) -> None:
        """Take one operation out of every window."""
        self._out += 1
        self._last_draw = now

    def refund(self) -> None:
        """Put one operation back: it never reached the platform."""
        self._out -= 1

    def settle(self, now: float) -> None:
        """Count one drawn operation: the platform has seen it by now."""
        self._out -= 1
        for meter in self._meters:
            meter.forget_until(now)
            meter.log.append(now)

    def grow(self) -> None:
        """Believe in a little more after a success."""
        self._believed = min(1.0, self._believed + GROW)

    def pause(self, now: float, until: float) -> None:
        """Rest ``until`` then and believe in less.

        Refusals that arrive while the lane rests anyway are one incident: they
        lengthen the rest, but shrink nothing.
        """
        if now >= self.paused_until:
            self._believed = max(LEAST, self._believed * SHRINK)
        self.paused_until = max(self.paused_until, until)

    def is_fresh(self, now: float) -> bool:
        """Return whether nothing about this lane is worth remembering."""
        for meter in self._meters:
            meter.forget_until(now)
        used = self._out + sum(len(meter.log) for meter in self._meters)
        return used == 0 and self._believed == 1.0 and now >= self.paused_until

    def _meter_ready_at(self, meter: _Meter, haste: Haste, held: int) -> float:
        allowed = self._allowed(meter, haste)
        used = self._out + len(meter.log) + held
        if used >= allowed:
            excess = used - allowed
            # The reserve aside, a window opens when enough of it is in the past.
            if excess < len(meter.log):
                return meter.log[excess] + meter.span
            return inf
        if haste is Haste.PATIENT and meter.log and used >= allowed * BURST:
            rest = meter.log[0] + meter.span - self._last_draw
            return self._last_draw + rest / (allowed - used + 1)
        return -inf

    def _allowed(self, meter: _Meter, haste: Haste) -> int:
        whole = max(1, floor(meter.size * self._believed))
        if haste is Haste.URGENT:
            return whole
        return whole - min(whole - 1, ceil(whole * self._lane.reserve))

    def _tightest(self, now: float) -> tuple[int, _Meter | None]:
        tightest: _Meter | None = None
        least = 0
        for meter in self._meters:
            meter.forget_until(now)
            allowed = self._allowed(meter, Haste.URGENT)
            left = max(0, allowed - self._out - len(meter.log))
            if tightest is None or left < least:
                tightest, least = meter, left
        return least, tightest


class Lanes:
    """The state of every lane in use, by key."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._sweep_at = -inf

    def of(self, lanes: Iterable[Lane], now: float) -> Iterator[Bucket]:
        """Yield the state of each of ``lanes``, new lanes included."""
        for lane in lanes:
            bucket = self._buckets.get(lane.key)
            if bucket is None:
                self._sweep(now)
                bucket = self._buckets[lane.key] = Bucket(lane)
            else:
                bucket.redefine(lane)
            yield bucket

    def named(self, key: str, now: float) -> Bucket:
        """Return the state of the lane called ``key``, known or not."""
        known = self._buckets.get(key)
        return known or next(self.of([Lane(key=key, windows=())], now))

    def levels(self, now: float) -> tuple[LaneLevel, ...]:
        """Return how every lane stands, sorted by key."""
        return tuple(self._buckets[key].level(now) for key in sorted(self._buckets))

    def _sweep(self, now: float) -> None:
        """Drop lanes about which nothing is worth remembering, once in a while."""
        if now < self._sweep_at:
            return
        self._buckets = {k: b for k, b in self._buckets.items() if not b.is_fresh(now)}
        self._sweep_at = now + SWEEP
