"""What a token of each lane is worth now. Pure; made anew for every plan.

A refresh of a surface is worth the characters nobody has seen times the seconds for
which they would otherwise stay unseen. So what a turn has still to say is best shown
in equal parts, and all turns in parts of the same length, the *interval*, if they grow
alike. A part costs a call, but for the last one where turns end by another lane. With
``t`` seconds from a turn's last refresh to its end, as far as one can tell, and
``calls`` that a lane may make while the living turns live, the interval solves

    sum of max(0, t / interval - 1) over all turns = calls

This spends a full bucket early, because a lane that has much left gives a short
interval, and never what the ends need. When more turns come, or fewer tokens, the
interval grows for all at once: nobody has to be told. Where turns have been coming all the
time, the same is reckoned with those that will come, over the lane's longest window
and over parts of it; and for those whose answers have begun, over the time that an
answer takes. The longest of these intervals counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt

from bot.pacing.habits import Habits
from bot.pacing.lanes import Bucket, Lanes
from bot.pacing.surface import Surface
from bot.pacing.way import Use, Way, endings_of

IDLE = 60.0
"""Seconds of silence after which a turn is not counted on to go on."""
SCARCE = 0.75
"""Seconds between refreshes above which ends leave a lane to them, if they can."""

SOON = 0.5
"""Share of a turn's life after which the token for its end must be there."""
HORIZONS = (0.25, 0.5, 0.75, 1.0)
"""Parts of a lane's longest window that are looked ahead: a crowd must be got over
with what there is until then (measured)."""
CROWD = 0.5
"""By how many standard deviations more turns than usual are reckoned with, if they
come at random, but over a whole window (measured: more wastes calls, less is
unfair to the last of a crowd)."""
TWO = 1.2
"""Parts in which an answer would best be shown, from which on it is shown in two."""


@dataclass(slots=True)
class _Trade:
    """Supply and demand of one lane."""

    soon: int
    """Calls that may be made while an answer grows."""
    supply: int
    """Calls that may be made while the living turns live."""
    later: list[tuple[float, int]]
    """Where turns keep coming: how many there may be to come within a part of the
    longest window, and how many calls may be made meanwhile."""
    asks: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """For each surface that it serves: seconds to show, and the share that is asked of
    this lane."""
    growing: list[tuple[float, float]] = field(
        default_factory=list[tuple[float, float]]
    )
    """The same for those of them whose answer has begun."""
    either: float = 0.0
    """Surfaces whose end may go by another lane."""
    here: float = 0.0
    """Surfaces whose end may not."""
    _priced: tuple[float, bool] | None = None

    def ask(self, seconds: float, share: float, *, grows: bool = False) -> None:
        """Serve one more surface."""
        self.asks.append((seconds, share))
        if grows:
            self.growing.append((seconds, share))
        self._priced = None

    def withdraw(self) -> None:
        """Serve the surface that was counted in last no more."""
        self.asks.pop()
        self._priced = None

    def priced(self, habits: Habits) -> tuple[float, bool]:
        """Return the seconds between refreshes, and whether ends should leave it."""
        if self._priced is None:
            self._priced = max(
                self._price(self.asks, self.supply, 1.0),
                self._price(self.growing, self.soon, 1.0),
                self._price_later(habits),
            )
        return self._priced

    def _price_later(self, habits: Habits) -> tuple[float, bool]:
        found = (0.0, False)
        living = sum(share for _, share in self.asks)
        for to_come, calls in self.later:
            asks = [*self.asks, (habits.said, to_come)]
            more = 1 + to_come / living if living else 1.0
            found = max(found, self._price(asks, calls, more))
        return found

    def _price(
        self, asks: list[tuple[float, float]], calls: float, more: float
    ) -> tuple[float, bool]:
        spare = calls - self.here * more
        interval = _interval(asks, spare - self.either * more)
        if interval <= SCARCE or not self.either:
            return interval, False
        return _interval(asks, spare), True


def _interval(asks: list[tuple[float, float]], calls: float) -> float:
    """Return the interval that needs so many calls beside the turns' ends."""
    interval, seconds, parts = 0.0, 0.0, max(0.0, calls)
    for of_turn, share in sorted(asks, reverse=True):
        if of_turn <= interval:
            break
        if not share:
            continue  # nobody, who would need no calls, and whom none are enough for
        seconds += of_turn * share
        parts += share
        interval = seconds / parts
    return interval


class Market:
    """Supply and demand of all lanes at one moment.

    Args:
        lanes: The lanes' state.
        habits: What turns are like.
        now: Monotonic seconds.
    """

    def __init__(self, lanes: Lanes, habits: Habits, now: float) -> None:
        self._lanes = lanes
        self._habits = habits
        self._now = now
        self._routes: dict[int, tuple[Way, tuple[Bucket, ...]]] = {}
        self._trades: dict[Bucket, _Trade] = {}
        self.kept: Counter[Bucket] = Counter()
        """Tokens kept for the ends of the turns that live."""

    def route(self, way: Way) -> tuple[Bucket, ...]:
        """Return the state of the lanes of ``way``."""
        known = self._routes.get(id(way))
        if known is None:
            route = tuple(self._lanes.of(way.lanes))
            known = self._routes[id(way)] = (way, route)
        return known[1]

    def count(self, surfaces: Iterable[Surface]) -> None:
        """Count the living turns in."""
        for surface in surfaces:
            ways = surface.coming_ways
            if not ways or surface.heard_at + IDLE <= self._now:
                continue
            if surface.shown is None and surface.flight is None:
                self.kept.update(self._only(ways))  # all it gets may be its end
            else:
                self._join(ways, self._seconds(surface), grows=surface.said > 0)

    def begin(self, way: Way, ways: tuple[Way, ...]) -> None:
        """Take note that a turn has taken the first of its ``ways``."""
        self.kept.subtract(self._only(ways))
        self._join(way.then or ways, self._habits.said)

    def interval(self, way: Way) -> float:
        """Return how many seconds lie between refreshes by ``way``."""
        return max((self._priced(b)[0] for b in self.route(way)), default=0.0)

    def interval_of(self, surface: Surface, way: Way) -> float:
        """Return how long a part ``surface`` should show by ``way``, in seconds."""
        interval, seconds = self.interval(way), self._seconds(surface)
        if not interval:
            return 0.0
        parts = seconds / interval
        # To see nothing of an answer until its end is worst of all.
        least = 1 if surface.said_sent or parts < TWO else 2
        return seconds / max(least, round(parts))

    def is_scarce(self, way: Way) -> bool:
        """Return whether ends should leave the lanes of ``way`` to progress."""
        return any(self._priced(bucket)[1] for bucket in self.route(way))

    def can_end(self, ways: tuple[Way, ...]) -> bool:
        """Return whether a turn that goes on by ``ways`` can be ended.

        Its token need not be there at once: what comes back before turns end will do.
        """
        routes = [self.route(way) for way in endings_of(ways)]
        return not routes or any(all(map(self._has_room, route)) for route in routes)

    def _has_room(self, bucket: Bucket) -> bool:
        ends, soon = self.kept[bucket], self._habits.life * SOON
        return bucket.holds(ends + 1) and bucket.outlook(self._now, soon) > ends

    def prospect(self, way: Way) -> float:
        """Return how often a new turn would be refreshed that begins by ``way``."""
        found: list[float] = []
        for refresh in _refreshes(way.then):
            route = self.route(refresh)
            for bucket in route:
                self._trade(bucket).ask(self._habits.said, 1.0)
            found.append(self.interval(refresh))
            for bucket in route:
                self._trade(bucket).withdraw()
        return min(found, default=0.0)

    def _seconds(self, surface: Surface) -> float:
        """Return the seconds from its last refresh to its end, but for silences."""
        unseen = surface.said - surface.said_sent
        return unseen + self._habits.still_to_say(surface.said)

    def _priced(self, bucket: Bucket) -> tuple[float, bool]:
        return self._trade(bucket).priced(self._habits)

    def _join(
        self, ways: tuple[Way, ...], seconds: float, *, grows: bool = False
    ) -> None:
        """Spread a turn over its ways, by what each can supply."""
        end = self._end(ways)
        self.kept.update(end)
        refreshes = _refreshes(ways)
        tightest = [self._tightest(way) for way in refreshes]
        total = sum(self._trade(bucket).supply + 1 for bucket in tightest if bucket)
        for way, bucket in zip(refreshes, tightest, strict=True):
            if bucket is None:
                continue
            trade = self._trade(bucket)
            share = (trade.supply + 1) / total
            if bucket in end:
                trade.here += share
            elif way.use is Use.ANY:
                trade.either += share
            trade.ask(seconds, share, grows=grows)

    def _end(self, ways: tuple[Way, ...]) -> tuple[Bucket, ...]:
        """Return the lanes in which a token is kept for an end."""
        routes = [self.route(way) for way in endings_of(ways)]
        for route in routes:
            if all(bucket.holds(self.kept[bucket] + 1) for bucket in route):
                return route
        return routes[0] if routes else ()

    def _only(self, ways: tuple[Way, ...]) -> tuple[Bucket, ...]:
        """Return the lanes by which an end goes that is all that people see."""
        ends = endings_of(ways)
        return self.route(ends[0]) if ends else ()

    def _tightest(self, way: Way) -> Bucket | None:
        return min(
            self.route(way), key=lambda bucket: self._trade(bucket).supply, default=None
        )

    def _trade(self, bucket: Bucket) -> _Trade:
        trade = self._trades.get(bucket)
        if trade is None:
            trade = self._trades[bucket] = _Trade(
                supply=bucket.outlook(self._now, self._habits.life),
                soon=bucket.outlook(self._now, self._habits.said),
                later=list(self._later(bucket)),
            )
        return trade

    def _later(self, bucket: Bucket) -> Iterator[tuple[float, int]]:
        coming = self._habits.coming(bucket.key, self._now)
        for part in HORIZONS if coming else ():
            within = max(self._habits.life, part * bucket.window)
            # Of those that come last, less or nothing is shown by then.
            shown_by = self._habits.life - self._habits.said / 2
            to_come = coming * max(0.0, within - shown_by)
            if part < 1:
                to_come += CROWD * sqrt(to_come)
            yield to_come, bucket.outlook(self._now, within)


def _refreshes(ways: tuple[Way, ...]) -> list[Way]:
    return [way for way in ways if way.use is not Use.ENDING]
