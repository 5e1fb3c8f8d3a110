"""What the pacer knows of one surface, and whose turn it is."""

from dataclasses import dataclass
from math import inf

from bot.pacing.lanes import Bucket, Haste, Lane
from bot.pacing.plan import Priority


@dataclass(slots=True, kw_only=True)
class Flight:
    """A send that has not been reported yet."""

    revision: int
    buckets: tuple[Bucket, ...]
    sent_at: float
    stale_since: float | None = None
    """When the first revision newer than this one was offered."""


@dataclass(slots=True, kw_only=True)
class Surface:
    """What the pacer knows of one surface."""

    newest: int
    priority: Priority
    lanes: tuple[Lane, ...]
    stale_since: float
    """When the oldest revision was offered that nobody has seen yet."""
    shown: int | None = None
    tried: int | None = None
    """The revision sent last, whatever became of it."""
    flight: Flight | None = None
    sent_at: float = -inf
    retry_at: float = -inf
    failures: int = 0

    @property
    def is_stale(self) -> bool:
        """Whether people have not seen the newest revision."""
        return self.shown is None or self.newest > self.shown

    @property
    def turn(self) -> tuple[Priority, bool, float]:
        """Who goes first: by priority, unseen before seen, longest waiting first."""
        return (self.priority, self.shown is not None, self.stale_since)

    @property
    def haste(self) -> Haste:
        """How much of its lanes it may claim."""
        if self.priority.is_urgent:
            return Haste.URGENT
        if self.priority is Priority.ERROR or self.shown is None:
            return Haste.PROMPT
        return Haste.PATIENT
