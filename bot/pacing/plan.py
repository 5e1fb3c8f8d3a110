"""What the pacer is told and what it says: priorities, plans, and the tally."""

from dataclasses import dataclass
from enum import IntEnum

from bot.protocol.ids import SurfaceId


class Priority(IntEnum):
    """What goes first. The order is the meaning."""

    APPROVAL = 0
    """Somebody else waits for this person's decision."""
    FINAL = 1
    """The last word on a surface."""
    WAITING = 2
    """Nothing newer comes for now: a person is waited for, and must see it."""
    TIDY = 3
    """A message says what is not true any more: that its turn is worked on."""
    PROGRESS = 4
    DECORATION = 5
    """Nice to have: typing indicators, status lines."""

    @property
    def is_urgent(self) -> bool:
        """Whether it may use the reserve and follow at any interval."""
        return self <= Priority.FINAL


@dataclass(frozen=True, slots=True)
class Send:
    """Send this revision of this surface now, then report how it ended."""

    surface: SurfaceId
    revision: int
    way: str = ""
    """The name of the `Way` to take."""
    apart: bool = False
    """Whether the end will be a message of its own, as things stand. What is sent now
    should say so, because it may stand there for a while after the end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, and when to ask again unless a new fact arrives before."""

    sends: tuple[Send, ...] = ()
    wake_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the pacer has done so far. A copy: it does not go on counting."""

    offered: int = 0
    """Revisions offered."""
    sent: int = 0
    """Sends that succeeded."""
    coalesced: int = 0
    """Revisions never sent because a newer one came first."""
    unchanged: int = 0
    """Revisions that looked like what was shown already."""
    throttled: int = 0
    """Sends that the platform refused for now."""
    failed: int = 0
    """Sends that did not arrive, or nobody knows."""
    looked: int = 0
    """Surfaces looked at, over all plans: what deciding has cost."""

    @property
    def saved(self) -> int:
        """Edits that a bot without a pacer would have sent."""
        return self.coalesced + self.unchanged
