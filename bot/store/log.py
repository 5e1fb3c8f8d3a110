"""The log: turns and their events.

``seq`` is gapless per turn: an append must begin right after the last event, and is
refused otherwise. Appends of many turns commit in one statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Update, and_, func, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLostError
from bot.ports.journal import TurnRow
from bot.ports.rows import Append, Claim, StoredTurn
from bot.protocol.ids import TenantId, TurnId
from bot.protocol.values import Requester
from bot.store.conversations import hold_conversation, note_held
from bot.store.direct import Row, direct, direct_from_file, driver_of
from bot.store.schema import turn
from bot.store.texts import storable

_append_events = direct_from_file("append_events")
_create_turn = direct_from_file("create_turn")
_set_delivered = direct_from_file("set_delivered")
_load_events = direct(
    """
    SELECT seq, at, CAST(body AS text) AS body FROM turn_event
    WHERE tenant_id = :tenant_id AND turn_id = :turn_id AND seq > :after
    ORDER BY seq
    """
)
_set_turn_status = direct(
    """
    UPDATE turn
    SET status = :status, wake_at = :wake_at, failures = 0, updated_at = :at,
        ended_at = :ended_at, answer = coalesce(CAST(:answer AS text), answer)
    WHERE tenant_id = :tenant_id AND turn_id = :turn_id
      AND conversation_id = :conversation_id
    """
)

_ENDED = ("completed", "failed", "cancelled")


async def create_turn(
    conn: AsyncConnection,
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
    row = await _create_turn.one(
        conn,
        **_key(claim, turn_id),
        fence=claim.fence,
        requester_id=requester.person_id,
        requester_name=storable(requester.name),
        text=storable(text),
        wake_at=wake_at,
        at=at,
    )
    return _holds(conn, claim, row)["made"]


async def append_events(
    conn: AsyncConnection, batch: Sequence[Append]
) -> frozenset[TurnId]:
    """Write the events of all turns in one statement; return the turns written.

    A turn is left out, whole, when its claim is not valid any more or when its events
    do not begin right after the last one in the log. Several appends of one turn
    count as one and must follow each other.
    """
    appends = _merged(batch)
    if not appends:
        return frozenset()
    rows = await _append_events.all(
        conn,
        tenants=[a.claim.tenant_id for a in appends],
        turns=[a.turn_id for a in appends],
        conversations=[a.claim.conversation_id for a in appends],
        fences=[a.claim.fence for a in appends],
        first_seqs=[a.first_seq for a in appends],
        last_seqs=[a.last_seq for a in appends],
        ats=[a.at for a in appends],
        **_events(appends, batch),
    )
    written = frozenset(TurnId(row["turn_id"]) for row in rows)
    if driver_of(conn).is_in_transaction():  # alone, the statement's locks end with it
        for append in appends:
            if append.turn_id in written:
                note_held(conn, append.claim)
    return written


def _merged(batch: Sequence[Append]) -> list[Append]:
    """Return one append per turn; what does not follow makes the whole unwritable."""
    merged: dict[TurnId, Append] = {}
    for append in batch:
        before = merged.get(append.turn_id)
        if before is None:
            merged[append.turn_id] = append
        elif append.first_seq == before.last_seq + 1 and append.claim == before.claim:
            merged[append.turn_id] = replace(
                append,
                first_seq=before.first_seq,
                bodies=[*before.bodies, *append.bodies],
                types=[*before.types, *append.types],
            )
        else:
            # No log ends before its beginning: the statement refuses this turn.
            merged[append.turn_id] = replace(before, first_seq=-1)
    return list(merged.values())


def _events(appends: Iterable[Append], batch: Iterable[Append]) -> dict[str, list[Any]]:
    """Return the events by column; each names its turn's append by its number."""
    numbers = {append.turn_id: n for n, append in enumerate(appends, start=1)}
    columns: dict[str, list[Any]] = {
        f"event_{name}": [] for name in ("numbers", "seqs", "types", "ats", "bodies")
    }
    of, seqs, types, ats, bodies = columns.values()
    for append in batch:
        count = len(append.bodies)
        of += [numbers[append.turn_id]] * count
        seqs += range(append.first_seq, append.first_seq + count)
        types += append.types
        ats += [append.at] * count
        bodies += append.bodies
    return columns


async def load_events(
    conn: AsyncConnection, tenant: TenantId, turn_id: TurnId, *, after: int = 0
) -> list[tuple[int, datetime, str]]:
    """Return ``(seq, at, body)`` of the events with ``seq > after``, in order."""
    rows = await _load_events.all(conn, tenant_id=tenant, turn_id=turn_id, after=after)
    return [(row["seq"], row["at"], row["body"]) for row in rows]


async def set_turn_status(
    conn: AsyncConnection,
    claim: Claim,
    turn_id: TurnId,
    status: str,
    *,
    at: datetime,
    wake_at: datetime | None = None,
    answer: str | None = None,
) -> None:
    """Say how the turn stands.

    Args:
        conn: The caller's transaction.
        claim: Of the turn's conversation.
        turn_id: The turn.
        status: ``running``, ``parked``, ``completed``, ``failed`` or ``cancelled``.
        at: When it came to stand so.
        wake_at: When it has something to do by itself; ``None`` for never.
        answer: What was answered, for the conversation's history; ``None`` keeps it.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    await _set_turn_status.all(
        conn,
        **_key(claim, turn_id),
        status=status,
        wake_at=wake_at,
        at=at,
        ended_at=at if status in _ENDED else None,
        answer=None if answer is None else storable(answer),
    )


async def set_delivered(
    conn: AsyncConnection, claim: Claim, turn_id: TurnId, seq: int
) -> None:
    """Note that the turn's surfaces show the log up to ``seq``; it never goes back.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    row = await _set_delivered.one(
        conn, **_key(claim, turn_id), fence=claim.fence, seq=seq
    )
    _holds(conn, claim, row)


async def note_failure(conn: AsyncConnection, claim: Claim, turn_id: TurnId) -> int:
    """Count that the turn's owner could not go on; return how often in a row.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    counted = await conn.scalar(
        _change(claim, turn_id)
        .values(failures=turn.c.failures + 1)
        .returning(turn.c.failures)
    )
    return counted or 0


async def mark_degraded(
    conn: AsyncConnection, claim: Claim, turn_id: TurnId, what: str
) -> None:
    """Note, for operators, what of the turn's log could not be read.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    await conn.execute(_change(claim, turn_id).values(degraded=storable(what)))


def _holds(conn: AsyncConnection, claim: Claim, row: Row | None) -> Row:
    """Return the answer of a statement that holds the conversation."""
    assert row is not None, "it always answers"
    if not row["held"]:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    note_held(conn, claim)
    return row


def _change(claim: Claim, turn_id: TurnId) -> Update:
    return update(turn).where(
        turn.c.tenant_id == claim.tenant_id,
        turn.c.turn_id == turn_id,
        turn.c.conversation_id == claim.conversation_id,
    )


def _key(claim: Claim, turn_id: TurnId) -> dict[str, object]:
    return {
        "tenant_id": claim.tenant_id,
        "turn_id": turn_id,
        "conversation_id": claim.conversation_id,
    }


STORED = (
    turn.c.tenant_id,
    turn.c.turn_id,
    turn.c.conversation_id,
    turn.c.requester_id,
    turn.c.requester_name,
    turn.c.text,
    turn.c.status,
    turn.c.last_seq,
    turn.c.delivered_seq,
    turn.c.wake_at,
    turn.c.started_at,
    turn.c.updated_at,
    turn.c.failures,
    turn.c.compacted_seq,
    turn.c.degraded,
)
"""The columns that `stored` reads."""

_FROM_TURN = f"SELECT {', '.join(column.name for column in STORED)} FROM turn WHERE "  # noqa: S608 - names of our schema
_open_turns = direct(
    _FROM_TURN
    + """
    tenant_id = :tenant_id AND conversation_id = :conversation_id AND is_open
    ORDER BY started_at, turn_id
    """
)
_find_turn = direct(_FROM_TURN + "turn_id = :turn_id")


def stored(row: RowMapping) -> StoredTurn:
    """Return the turn that a row of `STORED` describes."""
    return StoredTurn(**{str(name): value for name, value in row.items()})


async def open_turns(conn: AsyncConnection, claim: Claim) -> list[StoredTurn]:
    """Return the conversation's turns that are not done, oldest first.

    Those that run or are parked, and those whose surfaces lag behind the log.
    """
    rows = await _open_turns.all(
        conn, tenant_id=claim.tenant_id, conversation_id=claim.conversation_id
    )
    return [StoredTurn(**row) for row in rows]


async def next_wake(conn: AsyncConnection, claim: Claim) -> datetime | None:
    """Return when the conversation's first parked turn wakes by itself, if any does.

    What `bot.store.conversations.release` wants as ``next_due``.
    """
    return await conn.scalar(
        select(func.min(turn.c.wake_at)).where(
            turn.c.tenant_id == claim.tenant_id,
            turn.c.conversation_id == claim.conversation_id,
            turn.c.is_open,
        )
    )


async def find_turn(conn: AsyncConnection, turn_id: TurnId) -> StoredTurn | None:
    """Return the turn with this id, whosever it is; the caller looks at the tenant."""
    rows = await _find_turn.all(conn, turn_id=turn_id)
    return StoredTurn(**rows[0]) if rows else None


async def list_turns(
    conn: AsyncConnection, *, limit: int = 50, tenant: TenantId | None = None
) -> list[TurnRow]:
    """Return the turns changed last, newest first."""
    ids = select(turn.c.tenant_id, turn.c.turn_id)
    if tenant is not None:
        ids = ids.where(turn.c.tenant_id == tenant)
    # What is open, and what ended last: an index each. An index on updated_at would
    # have to be written with every append.
    ended = ids.where(turn.c.ended_at.is_not(None)).order_by(turn.c.ended_at.desc())
    either = union(
        ids.where(turn.c.is_open), select(ended.limit(limit).subquery())
    ).subquery()
    rows = await conn.execute(
        select(*STORED)
        .join(
            either,
            and_(
                either.c.tenant_id == turn.c.tenant_id,
                either.c.turn_id == turn.c.turn_id,
            ),
        )
        .order_by(turn.c.updated_at.desc(), turn.c.turn_id)
        .limit(limit)
    )
    return [_journal_row(stored(row)) for row in rows.mappings()]


def _journal_row(stored: StoredTurn) -> TurnRow:
    return TurnRow(
        tenant_id=stored.tenant_id,
        turn_id=stored.turn_id,
        conversation_id=stored.conversation_id,
        requester=stored.requester_name,
        text=stored.text,
        status=stored.status,
        last_seq=stored.last_seq,
        started_at=stored.started_at,
        updated_at=stored.updated_at,
        degraded=stored.degraded,
    )
