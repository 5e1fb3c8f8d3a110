"""Statements about turns, their events and their snapshots.

As in `bot/store/log.py`, `snapshots.py` and `compaction.py`, and their SQL.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial

from bot.ports.journal import TurnRow
from bot.ports.rows import Append, Claim, Snapshot, SoFar, StoredTurn
from bot.protocol.codec import decode
from bot.protocol.events import ModelAsked, TurnEvent, TurnStarted, UnknownEvent
from bot.protocol.ids import ConversationId, TenantId, TurnId
from bot.protocol.values import PastTurn, Requester, Summary
from bot.store.texts import storable
from tests.simulation.database import Session
from tests.simulation.json_text import check_json
from tests.simulation.store_conversations import hold, key_of
from tests.simulation.tables import ENDED, EventRecord, TurnKey, TurnRecord

_TEXT = ("item.appended", "item.replaced")
_KEPT = 2
_SHOWN = tuple(field.name for field in fields(StoredTurn))


# ------------------------------------------------------------------------------- turns


async def create_turn(
    s: Session,
    claim: Claim,
    *,
    turn_id: TurnId,
    requester: Requester,
    text: str,
    at: datetime,
    wake_at: datetime | None = None,
) -> bool:
    """Make a turn without events; False if it is there already."""
    await hold(s, claim)
    key = (claim.tenant_id, turn_id)
    if not await s.take_key(s.tables.turn, key):
        return False
    made = TurnRecord(
        tenant_id=claim.tenant_id,
        turn_id=turn_id,
        conversation_id=claim.conversation_id,
        requester_id=requester.person_id,
        requester_name=storable(requester.name),
        text=storable(text),
        status="running",
        last_seq=0,
        delivered_seq=0,
        wake_at=wake_at,
        started_at=at,
        updated_at=at,
    )
    s.put(s.tables.turn, key, made)
    return True


async def set_turn_status(
    s: Session,
    claim: Claim,
    turn_id: TurnId,
    status: str,
    *,
    at: datetime,
    wake_at: datetime | None = None,
    answer: str | None = None,
) -> None:
    """Say how the turn stands."""
    if (turn := await _own_turn(s, claim, turn_id)) is not None:
        changed = replace(
            turn,
            status=status,
            wake_at=wake_at,
            failures=0,
            updated_at=at,
            ended_at=at if status in ENDED else None,
            answer=turn.answer if answer is None else storable(answer),
        )
        s.put(s.tables.turn, (claim.tenant_id, turn_id), changed)


async def set_delivered(s: Session, claim: Claim, turn_id: TurnId, seq: int) -> None:
    """Note that the turn's surfaces show the log up to ``seq``."""
    if (turn := await _own_turn(s, claim, turn_id)) is not None:
        shown = replace(turn, delivered_seq=max(turn.delivered_seq, seq))
        s.put(s.tables.turn, (claim.tenant_id, turn_id), shown)


async def note_failure(s: Session, claim: Claim, turn_id: TurnId) -> int:
    """Count that the turn's owner could not go on; how often in a row."""
    if (turn := await _own_turn(s, claim, turn_id)) is None:
        return 0
    failed = replace(turn, failures=turn.failures + 1)
    s.put(s.tables.turn, (claim.tenant_id, turn_id), failed)
    return failed.failures


async def mark_degraded(s: Session, claim: Claim, turn_id: TurnId, what: str) -> None:
    """Note what of the turn's log could not be read."""
    if (turn := await _own_turn(s, claim, turn_id)) is not None:
        marked = replace(turn, degraded=storable(what))
        s.put(s.tables.turn, (claim.tenant_id, turn_id), marked)


async def _own_turn(s: Session, claim: Claim, turn_id: TurnId) -> TurnRecord | None:
    """Return the turn, locked, if it is one of the claim's conversation."""
    await hold(s, claim)
    key = (claim.tenant_id, turn_id)
    turn = s.get(s.tables.turn, key)
    if turn is None or turn.conversation_id != claim.conversation_id:
        return None
    return await s.lock(s.tables.turn, key)


# ------------------------------------------------------------------------------ events


async def append_events(s: Session, batch: Sequence[Append]) -> frozenset[TurnId]:
    """Write the events of many turns; return the turns written."""
    for append in batch:
        for body in append.bodies:
            check_json(body)
    of_turn: dict[TurnId, list[Append]] = {}
    for append in batch:
        of_turn.setdefault(append.turn_id, []).append(append)
    for key in sorted({key_of(append.claim) for append in batch}):
        if s.get(s.tables.conversation, key) is not None:
            await s.lock(s.tables.conversation, key)
    written = [
        turn_id
        for turn_id, appends in of_turn.items()
        if await _append(s, turn_id, appends)
    ]
    return frozenset(written)


async def _append(s: Session, turn_id: TurnId, appends: Sequence[Append]) -> bool:
    claim, key = appends[0].claim, (appends[0].claim.tenant_id, turn_id)
    conversation = s.get(s.tables.conversation, key_of(claim))
    if conversation is None or conversation.fence != claim.fence:
        return False
    turn = s.get(s.tables.turn, key)
    if turn is None or turn.conversation_id != claim.conversation_id:
        return False
    turn = await s.lock(s.tables.turn, key)
    if turn is None or not _follow(turn.last_seq, appends):
        return False
    last = appends[-1]
    s.put(s.tables.turn, key, replace(turn, last_seq=last.last_seq, updated_at=last.at))
    for append in appends:
        for n, body in enumerate(append.bodies):
            event = EventRecord(type=append.types[n], at=append.at, body=body)
            s.put(s.tables.turn_event, (*key, append.first_seq + n), event)
    return True


def _follow(last_seq: int, appends: Sequence[Append]) -> bool:
    """Whether appends follow a log and each other, all for one claim."""
    for append in appends:
        if append.first_seq != last_seq + 1 or append.claim != appends[0].claim:
            return False
        last_seq = append.last_seq
    return True


async def load_events(
    s: Session, tenant: TenantId, turn_id: TurnId, *, after: int = 0
) -> list[tuple[int, datetime, str]]:
    """Return ``(seq, at, body)`` of the events with ``seq > after``, in order."""
    rows = s.rows(s.tables.turn_event, tenant, turn_id)
    return [
        (key[2], rows[key].at, rows[key].body) for key in sorted(rows) if key[2] > after
    ]


# ----------------------------------------------------------------------------- looking


async def open_turns(s: Session, claim: Claim) -> list[StoredTurn]:
    """Return the conversation's turns that are not done, oldest first."""
    mine = [
        turn
        for turn in _turns_of(s, claim.tenant_id, claim.conversation_id)
        if turn.is_open
    ]
    return [_shown(t) for t in sorted(mine, key=lambda t: (t.started_at, t.turn_id))]


async def find_turn(s: Session, turn_id: TurnId) -> StoredTurn | None:
    """Return the turn with this id, whosever it is."""
    for (_, known), turn in s.rows(s.tables.turn).items():
        if known == turn_id:
            return _shown(turn)
    return None


async def list_turns(s: Session, *, limit: int = 50) -> list[TurnRow]:
    """Return the turns changed last, newest first."""
    turns = list(s.rows(s.tables.turn).values())
    turns.sort(key=lambda turn: turn.turn_id)
    turns.sort(key=lambda turn: turn.updated_at, reverse=True)
    return [
        TurnRow(
            tenant_id=turn.tenant_id,
            turn_id=turn.turn_id,
            conversation_id=turn.conversation_id,
            requester=turn.requester_name,
            text=turn.text,
            status=turn.status,
            last_seq=turn.last_seq,
            started_at=turn.started_at,
            updated_at=turn.updated_at,
        )
        for turn in turns[:limit]
    ]


async def so_far(
    s: Session, tenant: TenantId, conversation_id: ConversationId, newest: int
) -> SoFar:
    """Return what was said in a conversation, of its ``newest`` turns."""
    there = _turns_of(s, tenant, conversation_id)
    there.sort(key=lambda turn: (turn.started_at, turn.turn_id))
    made = map(partial(_summary, s), reversed(there[-newest:]))
    summary = next(filter(None, made), None)
    after = summary.until if summary else None
    return SoFar(
        turns=[
            _past(s, turn)
            for turn in there[-newest:]
            if turn.requester_id
            and turn.text
            and turn.status != "running"
            and not (turn.ended_at and after and turn.ended_at <= after)
        ],
        summary=summary,
    )


def _events_of(s: Session, turn: TurnRecord) -> list[TurnEvent | UnknownEvent]:
    rows = s.rows(s.tables.turn_event)
    key = (turn.tenant_id, turn.turn_id)
    return [decode(row.body) for k, row in sorted(rows.items()) if k[:2] == key]


def _summary(s: Session, turn: TurnRecord) -> Summary | None:
    """Return the newest summary that a turn has or made, if any."""
    told = [e for e in _events_of(s, turn) if isinstance(e, TurnStarted | ModelAsked)]
    return next((e.summary for e in reversed(told) if e.summary), None)


def _past(s: Session, turn: TurnRecord) -> PastTurn:
    ending = _events_of(s, turn)[-1:] if turn.ended_at else []
    return PastTurn.model_validate(
        {
            "asked": turn.text,
            "answered": turn.answer,
            "turn_id": turn.turn_id,
            "person_id": turn.requester_id,
            "name": turn.requester_name,
            "at": turn.started_at,
            "ended_at": turn.ended_at,
            "status": turn.status,
            "ledger": getattr(ending[0], "ledger", None) if ending else None,
        }
    )


def _turns_of(
    s: Session, tenant: TenantId, conversation_id: ConversationId
) -> list[TurnRecord]:
    return [
        turn
        for (whose, _), turn in s.rows(s.tables.turn).items()
        if whose == tenant and turn.conversation_id == conversation_id
    ]


def _shown(turn: TurnRecord) -> StoredTurn:
    return StoredTurn(**{name: getattr(turn, name) for name in _SHOWN})


# --------------------------------------------------------------------------- snapshots


async def save_snapshot(  # noqa: PLR0917 - the row, in its order
    s: Session,
    claim: Claim,
    turn_id: TurnId,
    seq: int,
    state_json: str,
    checksum: str,
) -> None:
    """Keep the turn's state at ``seq``, and of older snapshots only the last."""
    await hold(s, claim)
    table, turn = s.tables.snapshot, (claim.tenant_id, turn_id)
    await s.lock(table, (*turn, seq))
    saved = Snapshot(seq=seq, state=state_json, checksum=checksum)
    s.put(table, (*turn, seq), saved)
    for key in sorted(s.rows(table, *turn))[:-_KEPT]:
        await s.lock(table, key)
        s.remove(table, key)


async def load_snapshot(
    s: Session, tenant: TenantId, turn_id: TurnId, *, before: int | None = None
) -> Snapshot | None:
    """Return the newest snapshot, or the newest below ``before``."""
    rows = s.rows(s.tables.snapshot, tenant, turn_id)
    seqs = [key for key in rows if before is None or key[2] < before]
    return rows[max(seqs)] if seqs else None


async def turns_to_compact(s: Session, age: timedelta, limit: int) -> list[StoredTurn]:
    """Return shown turns that ended ``age`` ago and still have their text events."""
    ripe = [
        (turn.ended_at, turn)
        for key, turn in s.rows(s.tables.turn).items()
        if turn.ended_at is not None
        and turn.ended_at <= s.now - age
        and not (turn.is_open or turn.compacted_seq or turn.degraded)
        and _has_snapshot(s, key, turn)
    ]
    ripe.sort(key=lambda one: one[0])
    return [_shown(turn) for _, turn in ripe[:limit]]


async def compact_turn(s: Session, tenant: TenantId, turn_id: TurnId, upto: int) -> int:
    """Remove the text events up to ``upto``; return how many."""
    key = (tenant, turn_id)
    if s.get(s.tables.turn, key) is None:
        return 0
    turn = await s.lock(s.tables.turn, key)
    if turn is None or turn.ended_at is None or turn.last_seq != upto:
        return 0
    if not _has_snapshot(s, key, turn):
        return 0
    s.put(s.tables.turn, key, replace(turn, compacted_seq=upto))
    gone = [
        event_key
        for event_key, event in s.rows(s.tables.turn_event, *key).items()
        if event_key[2] <= upto and event.type in _TEXT
    ]
    for event_key in gone:
        s.remove(s.tables.turn_event, event_key)
    return len(gone)


def _has_snapshot(s: Session, key: TurnKey, turn: TurnRecord) -> bool:
    return s.get(s.tables.snapshot, (*key, turn.last_seq)) is not None
