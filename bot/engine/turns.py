"""Begin a turn, and load one from the log."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import structlog
from pydantic import ValidationError

from bot.engine.ending import folded, seal
from bot.engine.kit import Kit
from bot.engine.letters import Letter
from bot.engine.log import Also
from bot.engine.projection import projection_of
from bot.engine.runner import Runner
from bot.ports.rows import Claim, SoFar, StoredTurn
from bot.ports.store import Store, Transaction
from bot.protocol.codec import decode
from bot.protocol.events import (
    ItemClosed,
    ItemOpened,
    Recorded,
    TurnCompleted,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)
from bot.protocol.ids import ItemId, TurnId, turn_id_for
from bot.protocol.values import OpenRequest, Requester
from bot.turn.compaction import refill
from bot.turn.decide import wake_at
from bot.turn.recall import bounded
from bot.turn.reduce import advance
from bot.turn.restore import Damage, Restored, Unreadable, restore
from bot.turn.snapshot import checksum_of, is_outdated, thaw
from bot.turn.state import ROOT, TurnState

log = structlog.get_logger()

NEWEST = 60
"""Turns of the conversation among which a new one looks for what it should know.

More than are ever told in full: what is older is in the summary.
"""


async def begin_turn(
    kit: Kit,
    claim: Claim,
    letter: Letter,
    consumed: Also,
    *,
    behind: Sequence[Runner] = (),
    failed: str = "",
) -> TurnState | None:
    """Start a turn with what somebody said; the mail is consumed with it.

    What somebody is told, unasked, is a turn too, and ends at once.

    Args:
        kit: What the engine is built from.
        claim: Of the conversation.
        letter: What was said, or is told.
        consumed: Consumes the letter.
        behind: Turns that run or wait before it in the conversation.
        failed: Why it ends at once: a key of `bot.view.failures`.

    Returns:
        The turn; ``None`` if what was said has started one long ago. A platform has
        repeated it after its names were forgotten, and nothing was written.
    """
    assert letter.address is not None, "what is said comes from somewhere"
    now = kit.clock.now()
    turn_id = turn_id_for(claim.tenant_id, claim.conversation_id, letter.said_key)
    person = letter.person_id
    known: Sequence[OpenRequest] = ()
    so_far = SoFar()
    told = letter.kind == "told" and not failed
    if person and not (
        failed or told
    ):  # what cannot be read must not break the ending as well
        known = await kit.records.open_requests(claim.tenant_id, person)
        async with kit.store.begin("turn.history") as tx:
            so_far = await tx.so_far(claim.tenant_id, claim.conversation_id, NEWEST)
    started = TurnStarted(
        tenant_id=claim.tenant_id,
        requester=Requester(person_id=person, name=letter.person_name),
        address=letter.address,
        text="" if told else letter.text,
        open_requests=tuple(known),
        history=tuple(map(bounded, so_far.turns)),
        summary=so_far.summary,
        queued_behind=_name_of(behind[0]) if behind else "",
        queue_place=len(behind),
    )
    events: list[TurnEvent] = [started]
    new = TurnState(turn_id=turn_id)
    if told:
        notice = ItemId("told")
        events += [
            ItemOpened(item_id=notice, frame_id=ROOT, kind="notice", text=letter.text),
            ItemClosed(item_id=notice, status="done"),
            TurnCompleted(),
        ]
        events = seal(new, events, now, damaged=False)
    elif failed or not person:
        events.append(TurnFailed(code=failed or "stranger"))

    deadline = wake_at(folded(new, events, now))

    async def create(tx: Transaction) -> None:
        made = await tx.create_turn(
            claim,
            turn_id=turn_id,
            requester=started.requester,
            text=started.text,
            at=now,
            wake_at=deadline,
        )
        if not made:
            raise _HeardBeforeError

    try:
        recorded = await kit.writer.append(
            claim,
            turn_id,
            events,
            first_seq=1,
            before=(create,),
            also=(consumed, *projection_of(claim, new, events, now)),
            at=now,
            point="turn.begin",
        )
    except _HeardBeforeError:
        return None
    return reduce(advance, recorded, new)


class _HeardBeforeError(Exception):
    """There is a turn of it."""


def _name_of(runner: Runner) -> str:
    requester = runner.state.requester
    return requester.name if requester else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A turn as it was found."""

    stored: StoredTurn
    state: TurnState
    damage: tuple[Damage, ...]

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.state.ending is None


async def load_turn(store: Store, claim: Claim, turn_id: TurnId) -> Loaded | None:
    """Return a turn of a claimed conversation as far as its log can be read.

    A turn whose very beginning is lost is what its row and its conversation still
    know of it: whoever asked can be told that it ended.
    """
    async with store.begin("turn.load") as tx:
        loaded = await read_turn(tx, turn_id)
    if loaded is None or loaded.stored.tenant_id != claim.tenant_id:
        return None
    if loaded.state.started_at or not loaded.damage:
        return loaded if loaded.state.seq else None
    stored = loaded.stored
    known = dataclasses.replace(
        loaded.state,
        turn_id=turn_id,
        tenant_id=stored.tenant_id,
        requester=Requester(person_id=stored.requester_id, name=stored.requester_name),
        address=claim.address,
        text=stored.text,
        started_at=stored.started_at,
    )
    return dataclasses.replace(loaded, state=known)


async def read_turn(tx: Transaction, turn_id: TurnId) -> Loaded | None:
    """Return a turn as far as its log can be read; ``None`` when there is none.

    A snapshot whose checksum does not hold is not believed: the one before it is, or
    the state is rebuilt from the events. An older release's snapshot may lack what
    the events say, so it is used only where they are damaged.
    """
    stored = await tx.find_turn(turn_id)
    if stored is None:
        return None
    snapshot = await _last_good(tx, stored)
    restored: Restored | None = None
    if snapshot and snapshot.outdated:
        restored = await _from_events(tx, stored, snapshot.state)
    if restored is None:
        restored = await _from_snapshot(tx, stored, snapshot and snapshot.state)
    return Loaded(stored=stored, state=restored.state, damage=restored.damage)


async def _from_snapshot(
    tx: Transaction, stored: StoredTurn, base: TurnState | None
) -> Restored:
    after = base.seq if base else 0
    rows = await tx.load_events(stored.tenant_id, stored.turn_id, after=after)
    return restore(
        base,
        [_row(stored.turn_id, seq, at, body) for seq, at, body in rows],
        compacted_to=stored.compacted_seq,
        last_seq=stored.last_seq,
    )


async def _from_events(
    tx: Transaction, stored: StoredTurn, last: TurnState
) -> Restored | None:
    """Return what the events say, ``last`` only for the text taken out of them.

    ``None`` where an event is damaged: then the snapshot knows more.
    """
    rows = await tx.load_events(stored.tenant_id, stored.turn_id)
    found = readable(stored.turn_id, rows)
    if len(found) < len(rows):
        return None
    whole = refill(found, last) if stored.compacted_seq else found
    restored = restore(None, whole, last_seq=stored.last_seq)
    return None if restored.damage else restored


async def read_whole(tx: Transaction, stored: StoredTurn) -> list[Recorded]:
    """Return a turn's whole log, its text put back where it was compacted.

    What cannot be read is left out.
    """
    rows = await tx.load_events(stored.tenant_id, stored.turn_id)
    found = readable(stored.turn_id, rows)
    last = await _last_good(tx, stored) if stored.compacted_seq else None
    return refill(found, last.state) if last else found


def readable(
    turn_id: TurnId, rows: Sequence[tuple[int, datetime, str]]
) -> list[Recorded]:
    """Return the events of ``(seq, at, body)`` that can be read."""
    found = [_row(turn_id, seq, at, body) for seq, at, body in rows]
    return [row for row in found if isinstance(row, Recorded)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Believed:
    state: TurnState
    outdated: bool


async def _last_good(tx: Transaction, stored: StoredTurn) -> _Believed | None:
    before: int | None = None
    while True:
        snapshot = await tx.load_snapshot(
            stored.tenant_id, stored.turn_id, before=before
        )
        if snapshot is None:
            return None
        if checksum_of(snapshot.state) == snapshot.checksum:
            try:
                return _Believed(
                    state=thaw(snapshot.state), outdated=is_outdated(snapshot.state)
                )
            except ValidationError:
                pass
        log.error(
            "snapshot.damaged",
            turn_id=stored.turn_id,
            seq=snapshot.seq,
            hint="An older one, or the events, are used instead.",
        )
        before = snapshot.seq


def _row(turn_id: TurnId, seq: int, at: datetime, body: str) -> Recorded | Unreadable:
    try:
        return Recorded(turn_id=turn_id, seq=seq, at=at, event=decode(body))
    except ValueError:  # of JSON that is none, or of an event that is none
        return Unreadable(seq=seq)


async def end_bluntly(kit: Kit, claim: Claim, loaded: Loaded) -> TurnState:
    """End a turn that cannot even be ended in order; return it ended."""
    log.error("turn.hopeless", turn=loaded.state.turn_id, hint="Report its log.")
    state, at = loaded.state, kit.clock.now()
    code = "degraded" if loaded.damage else "internal"
    events: list[TurnEvent] = [TurnFailed(code=code)]
    sealed = seal(state, events, at, damaged=bool(loaded.damage))
    recorded = await kit.writer.append(
        claim,
        state.turn_id,
        sealed,
        first_seq=state.seq + 1,
        also=projection_of(claim, state, sealed, at),
        at=at,
    )
    return reduce(advance, recorded, state)
