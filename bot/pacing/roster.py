"""Who is there: all surfaces, and which of them wait, live or are bound. Pure."""

from collections.abc import Callable, Iterable
from itertools import islice
from math import inf

from bot.pacing.plan import Priority
from bot.pacing.surface import Surface
from bot.pacing.way import Way, endings_of
from bot.protocol.ids import SurfaceId

GLANCES = 4
"""Surfaces with nothing but decoration that a plan looks at."""


class Roster:
    """All surfaces of one process."""

    def __init__(self) -> None:
        self._all: dict[SurfaceId, Surface] = {}
        self._living: dict[SurfaceId, Surface] = {}
        self._waiting: dict[SurfaceId, Surface] = {}
        self._decorating: dict[SurfaceId, Surface] = {}
        """Those that wait and are only nice to have; a few are looked at in turn."""
        self._bound: dict[SurfaceId, float] = {}

    @property
    def living(self) -> Iterable[Surface]:
        """Return those whose last word has not been offered."""
        return self._living.values()

    @property
    def waiting(self) -> Iterable[Surface]:
        """Return those with something that people have not seen, and no send of it."""
        return self._waiting.values()

    @property
    def anybody_waits(self) -> bool:
        """Whether there is something that people have not seen, and no send of it."""
        return bool(self._waiting or self._decorating)

    def find(self, surface: SurfaceId) -> Surface | None:
        """Return what is known of a surface."""
        return self._all.get(surface)

    def is_bound(self, surface: SurfaceId) -> bool:
        """Return whether it must be sent at a certain time (`Way.by`)."""
        return surface in self._bound

    def waits(self, surface: SurfaceId) -> bool:
        """Return whether it waits for its turn, and is more than decoration."""
        return surface in self._waiting

    def admit(self, surface: SurfaceId, known: Surface) -> None:
        """Take note of a new surface."""
        self._all[surface] = known

    def drop(self, surface: SurfaceId) -> Surface | None:
        """Forget a surface."""
        self.launched(surface)
        self._living.pop(surface, None)
        self._bound.pop(surface, None)
        return self._all.pop(surface, None)

    def launched(self, surface: SurfaceId) -> None:
        """Take note that it waits no more."""
        self._waiting.pop(surface, None)
        self._decorating.pop(surface, None)

    def classify(self, surface: SurfaceId, priority: Priority) -> bool:
        """Let a surface be so important from now on; whether that has changed."""
        known = self._all[surface]
        if priority in (Priority.PROGRESS, Priority.WAITING):
            self._living[surface] = known
            known.lived = True
        else:
            self._living.pop(surface, None)
        if known.priority == priority:
            return False
        known.priority = priority
        self.launched(surface)
        return True

    def lead(self, surface: SurfaceId, ways: tuple[Way, ...]) -> bool:
        """Let a surface be sent by ``ways`` from now on; whether that has changed."""
        known = self._all[surface]
        if known.ways is ways:
            return False
        same, known.ways = known.ways == ways, ways  # that is, so next time it is quick
        if same:
            return False
        assert not ways or endings_of(ways), f"{surface}: no way for its last word"
        by = min((way.by for way in ways if way.by is not None), default=None)
        if by is None:
            self._bound.pop(surface, None)
        else:
            self._bound[surface] = by
        return True

    def queue(self, surface: SurfaceId) -> bool:
        """Let a surface wait if there is something to show; whether it did not yet."""
        known = self._all[surface]
        if known.flight is not None or not known.is_stale:
            return False
        nice = known.priority is Priority.DECORATION
        queue = self._decorating if nice else self._waiting
        if surface in queue:
            return False
        queue[surface] = known
        return True

    def candidates(
        self, now: float, left: Callable[[float], float]
    ) -> list[tuple[SurfaceId, Surface]]:
        """Return what may be sent at ``now``; who goes first comes first.

        Args:
            now: Monotonic seconds.
            left: Seconds that one is thought to go on that has said so much.
        """
        found = dict(self._waiting)
        for surface in list(islice(self._decorating, GLANCES)):
            known = self._decorating.pop(surface)  # to the end of the queue
            self._decorating[surface] = found[surface] = known
        for surface, by in self._bound.items():
            known = self._all[surface]
            if by <= now and known.flight is None:
                found[surface] = known
        return sorted(found.items(), key=lambda entry: entry[1].turn(now, left))

    def next_bound(self, now: float) -> float:
        """Return when the next surface must be sent, whatever there is to show."""
        return min((by for by in self._bound.values() if by > now), default=inf)
