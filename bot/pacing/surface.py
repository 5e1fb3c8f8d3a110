"""What the pacer knows of one surface, and whose turn it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from bot.pacing.lanes import Bucket, Haste
from bot.pacing.plan import Priority
from bot.pacing.way import Way

UNSIZED = 40
"""Characters that a revision counts for when nobody says how many it has."""
FRESH = 1.0
"""Seconds for which a turn that nobody has seen has just begun (our choice)."""
BREATH = 0.25
"""Seconds of silence after which a surface does not grow any more."""


@dataclass(slots=True)
class Backlog:
    """What people have not seen, and for how long: characters times seconds."""

    since: float = inf
    """When the oldest of it came."""
    unseen: float = 0.0
    """Characters."""
    area: float = 0.0
    """Characters times seconds, until ``at``."""
    at: float = -inf

    def add(self, characters: float, now: float) -> None:
        """Take note of more."""
        self.since = min(self.since, now)
        self.area, self.at = self.area_at(now), now
        self.unseen += characters

    def area_at(self, now: float) -> float:
        """Return characters times seconds."""
        return self.area + self.unseen * max(0.0, now - self.at) if self.unseen else 0.0

    def put_back(self, carried: "Backlog", now: float) -> None:
        """Take back what was sent and not seen."""
        self.area = self.area_at(now) + carried.area_at(now)
        self.at = now
        self.unseen += carried.unseen
        self.since = min(self.since, carried.since)

    def reaches(self, area: float, now: float) -> float:
        """Return when there will be so much if nothing is added."""
        lacks = area - self.area_at(now)
        if lacks <= 0:
            return now
        return now + lacks / self.unseen if self.unseen else inf


@dataclass(slots=True, kw_only=True)
class Flight:
    """A send that has not been reported yet."""

    revision: int
    buckets: tuple[Bucket, ...]
    sent_at: float
    carried: Backlog
    """What people see when it arrives."""
    said_before: float
    """Seconds of growth that people had seen before it."""
    then: tuple[Way, ...]
    """How the surface goes on when it has arrived."""
    apart: bool
    """`Send.apart`."""


@dataclass(slots=True, kw_only=True)
class Surface:
    """What the pacer knows of one surface."""

    newest: int
    priority: Priority
    ways: tuple[Way, ...] = ()
    backlog: Backlog = field(default_factory=Backlog)
    """What is newer than what was sent last."""
    size: int | None = None
    """Characters of the newest revision."""
    shown: int | None = None
    tried: int | None = None
    """The revision sent last, whatever became of it."""
    flight: Flight | None = None
    sent_at: float = -inf
    retry_at: float = -inf
    quiet_until: float = -inf
    """Until when no progress is sent, because the end is near."""
    failures: int = 0
    born: float = -inf
    lived: bool = False
    """Whether it has ever followed a turn: cards and endings of their own do not."""
    heard_at: float = -inf
    """When it was offered last."""
    said: float = 0.0
    """Seconds in which it has grown."""
    said_sent: float = 0.0
    """How many of them what was sent last contained."""
    grown: float = 0.0
    """Characters that came, in all."""
    open_at: float = -inf
    """Before this it may not be sent, as far as the last plan could tell."""
    interval: float = inf
    """How long a part it should show, in the last plan."""
    price: float = 0.0
    """What its backlog had to reach in the last plan."""
    apart: bool = False
    """Whether it says that its end will be a message of its own."""
    latest: float = inf
    """When it is due whatever its backlog is, as of the last plan."""

    @property
    def is_stale(self) -> bool:
        """Whether people have not seen the newest revision."""
        return self.shown is None or self.newest > self.shown

    @property
    def is_urgent(self) -> bool:
        """Whether it may use what is kept, and follow at any interval."""
        return self.priority.is_urgent

    @property
    def is_refresh(self) -> bool:
        """Whether people see an earlier revision of it."""
        return self.shown is not None and self.priority >= Priority.PROGRESS

    @property
    def sums_up(self) -> bool:
        """Whether its turn is over, and told elsewhere."""
        return self.priority in (Priority.TIDY, Priority.DECORATION)

    @property
    def coming_ways(self) -> tuple[Way, ...]:
        """How it is sent once what is in flight has arrived."""
        return self.flight.then if self.flight and self.flight.then else self.ways

    @property
    def haste(self) -> Haste:
        """How much of its lanes it may claim."""
        return Haste.URGENT if self.is_urgent else Haste.PATIENT

    @property
    def due_at(self) -> float:
        """Return when it is due if nothing more comes, as far as the last plan knew."""
        due = min(self.backlog.reaches(self.price, self.backlog.at), self.latest)
        return max(self.open_at, due)

    def turn(
        self, now: float, left: Callable[[float], float]
    ) -> tuple[Priority, bool, bool, float, float]:
        """Return who goes first.

        By priority, then unseen before seen. Of the unseen, who has just begun: where
        there is no room for all, some are shown at once and some at their end, which
        is better than all shortly before it. Of the seen, who is overdue, and then who
        gains most.

        Args:
            now: Monotonic seconds.
            left: Seconds that one is thought to go on that has said so much.
        """
        gain = self.gain(left(self.said)) if self.is_refresh else 0.0
        seen = self.shown is not None
        later = now < self.latest if seen else now >= self.backlog.since + FRESH
        return (self.priority, seen, later, -gain, self.backlog.since)

    def gain(self, left: float) -> float:
        """Return what a refresh saves, in characters times seconds.

        They would else be unseen until the next one, or the end.
        """
        return self.backlog.unseen * min(left, self.interval)

    def launch(
        self, buckets: tuple[Bucket, ...], way: Way, now: float, *, apart: bool
    ) -> None:
        """Take note that the newest revision is on its way."""
        self.flight = Flight(
            revision=self.newest,
            buckets=buckets,
            sent_at=now,
            carried=self.backlog,
            said_before=self.said_sent,
            then=way.then,
            apart=apart,
        )
        self.backlog = Backlog()
        self.tried, self.said_sent = self.newest, self.said

    def recall(self, flight: Flight, now: float) -> None:
        """Take note that people did not see what was sent, or nobody knows."""
        self.backlog.put_back(flight.carried, now)
        self.said_sent = flight.said_before

    def grow(self, size: int | None, now: float) -> None:
        """Take note of a newer revision's size."""
        if size is None or self.size is None:
            more = float(UNSIZED if size is None else size)
        else:
            more = float(abs(size - self.size))
        self.size = size
        if more and now - self.heard_at < BREATH:
            self.said += now - self.heard_at
        self.heard_at = now
        self.grown += more
        self.backlog.add(more, now)
