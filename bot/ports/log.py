"""Turns, their events and their snapshots, in a transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.ports.journal import TurnRow
from bot.ports.rows import (
    Append,
    Claim,
    Snapshot,
    SoFar,
    StoredTurn,
)
from bot.protocol.ids import (
    ConversationId,
    TenantId,
    TurnId,
)
from bot.protocol.values import Requester


class Log(Protocol):
    """Turns, their events and their snapshots."""

    async def create_turn(
        self,
        claim: Claim,
        *,
        turn_id: TurnId,
        requester: Requester,
        text: str,
        at: datetime,
        wake_at: datetime | None = None,
    ) -> bool:
        """Make a turn without events; return False if it is there already.

        ``wake_at``: when it must be looked at by itself.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def append_events(self, batch: Sequence[Append]) -> frozenset[TurnId]:
        """Write the events of many turns; return the turns written.

        A turn is left out, whole, when its claim is not valid any more or when its
        events do not begin right after the last one in the log.
        """
        ...

    async def load_events(
        self, tenant: TenantId, turn_id: TurnId, *, after: int = 0
    ) -> list[tuple[int, datetime, str]]:
        """Return ``(seq, at, body)`` of the events with ``seq > after``, in order."""
        ...

    async def set_turn_status(
        self,
        claim: Claim,
        turn_id: TurnId,
        status: str,
        *,
        at: datetime,
        wake_at: datetime | None = None,
        answer: str | None = None,
    ) -> None:
        """Say how the turn stands; ``wake_at``: when it must be looked at by itself.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def set_delivered(self, claim: Claim, turn_id: TurnId, seq: int) -> None:
        """Note that the turn's surfaces show the log up to ``seq``.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def note_failure(self, claim: Claim, turn_id: TurnId) -> int:
        """Count that the turn's owner could not go on; return how often in a row.

        `set_turn_status` starts the count anew.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def mark_degraded(self, claim: Claim, turn_id: TurnId, what: str) -> None:
        """Note, for operators, what of the turn's log could not be read.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def open_turns(self, claim: Claim) -> list[StoredTurn]:
        """Return the conversation's turns that are not done, oldest first.

        Those that run or are parked, and those whose surfaces lag behind the log.
        """
        ...

    async def find_turn(self, turn_id: TurnId) -> StoredTurn | None:
        """Return the turn with this id, whosever it is; the caller looks at whose."""
        ...

    async def list_turns(self, *, limit: int = 50) -> list[TurnRow]:
        """Return the turns changed last, newest first."""
        ...

    async def so_far(
        self, tenant: TenantId, conversation_id: ConversationId, newest: int
    ) -> SoFar:
        """Return what was said in a conversation, of its ``newest`` turns."""
        ...

    async def save_snapshot(
        self, claim: Claim, turn_id: TurnId, seq: int, state_json: str, checksum: str
    ) -> None:
        """Keep the turn's state at ``seq``, and of older snapshots only the last.

        Raises:
            LeaseLostError: The claim is not valid any more; nothing was written.
        """
        ...

    async def load_snapshot(
        self, tenant: TenantId, turn_id: TurnId, *, before: int | None = None
    ) -> Snapshot | None:
        """Return the newest snapshot, or the newest below ``before``."""
        ...

    async def turns_to_compact(self, age: timedelta, limit: int) -> list[StoredTurn]:
        """Return shown turns that ended ``age`` ago and still have their text events."""
        ...

    async def compact_turn(self, tenant: TenantId, turn_id: TurnId, upto: int) -> int:
        """Remove the text events up to ``upto``; return how many.

        Nothing happens unless the turn has ended at ``upto`` and has a snapshot there.
        """
        ...
