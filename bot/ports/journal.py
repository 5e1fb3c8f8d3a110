"""The log as the console reads it. Implemented by ``bot/engine/journal.py``."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.protocol.events import Recorded
from bot.protocol.ids import TenantId, TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One line of the list of turns."""

    tenant_id: TenantId
    turn_id: TurnId
    conversation_id: str
    requester: str
    text: str
    status: str
    """``running``, ``parked``, ``completed``, ``failed`` or ``cancelled``."""
    last_seq: int
    started_at: datetime
    updated_at: datetime
    degraded: str = ""
    """What of its log could not be read; empty: nothing."""


class Journal(Protocol):
    """Turns and their events, read only."""

    async def turns(self, *, limit: int = 50) -> Sequence[TurnRow]:
        """Return the turns changed last, newest first."""
        ...

    async def events(self, turn_id: TurnId, *, after: int = 0) -> Sequence[Recorded]:
        """Return a turn's committed events with ``seq > after``, in order."""
        ...

    def follow(self, turn_id: TurnId, *, after: int = 0) -> AsyncIterator[Recorded]:
        """Yield a turn's events as they are committed; ends with the turn.

        Lossless and without doubles: a follower that stops at ``seq`` and comes
        back with ``after=seq`` has seen everything once.
        """
        ...

    def follow_all(self) -> AsyncIterator[Recorded]:
        """Yield every event that this process commits, from now on."""
        ...
