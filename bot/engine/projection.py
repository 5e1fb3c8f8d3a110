"""Rows that follow from events: a turn's status, its approvals, its snapshots.

Computed before the commit by applying the events to the state in memory, and written
in the transaction that commits them: the tables never say what the log does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zlib import crc32

from bot.engine.ending import folded
from bot.engine.log import Also
from bot.errors import SupersededError
from bot.ports.rows import Claim
from bot.ports.store import Transaction
from bot.protocol import events as ev
from bot.protocol.codec import cleaned
from bot.protocol.events import TurnEvent
from bot.protocol.ids import TenantId
from bot.protocol.values import Usage
from bot.turn.decide import wake_at
from bot.turn.snapshot import freeze
from bot.turn.spending import used_by
from bot.turn.state import ROOT, Approval, Phase, TurnState

SNAPSHOT_EVERY = 200
"""Events between two snapshots of a running turn."""


_STATUS = {
    Phase.NEW: "running",
    Phase.QUEUED: "running",
    Phase.RUNNING: "running",
    Phase.PARKED: "parked",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_MATTERS: frozenset[type[TurnEvent]] = frozenset(
    {
        ev.TurnParked,
        ev.TurnResumed,
        ev.TurnCompleted,
        ev.TurnFailed,
        ev.TurnCancelled,
        ev.ApprovalRequested,
        ev.ApprovalDecided,
        ev.ApprovalEscalated,
        ev.ApprovalExpired,
        # A deadline that is gone and still in the row: the sweeper would take the
        # conversation from an owner that works, again and again.
        ev.FrameClosed,
    }
)


def projection_of(
    claim: Claim, before: TurnState, events: Sequence[TurnEvent], at: datetime
) -> list[Also]:
    """Return the writes that ``events`` imply; most events imply none."""
    # Turns that stream side by side must not all write theirs at the same moment.
    place = before.seq + crc32(before.turn_id.encode()) % SNAPSHOT_EVERY
    full = place // SNAPSHOT_EVERY != (place + len(events)) // SNAPSHOT_EVERY
    if not full and not any(type(event) in _MATTERS for event in events):
        return []
    # As the log will have them: snapshots are the fold of the log.
    after = folded(before, [cleaned(event) for event in events], at)
    writes = [
        _approval_writer(claim, after, approval)
        for approval in after.approvals
        if approval != before.approval(approval.approval_id)
    ]
    if after.phase != before.phase or wake_at(after) != wake_at(before):
        writes.append(lambda tx: _write_status(tx, claim, after, at))
    rests = after.parked or after.ending or ev.FrameClosed in map(type, events)
    if rests and (used := used_by(after)):
        writes.append(lambda tx: _write_use(tx, claim, after, used))
    if full or after.parked or after.ending:
        writes.append(lambda tx: _write_snapshot(tx, claim, after))
    return writes


def _approval_writer(claim: Claim, state: TurnState, approval: Approval) -> Also:
    async def write(tx: Transaction) -> None:
        await tx.save_approval(claim, state.turn_id, approval)

    return write


def still_open(tenant: TenantId, approval: Approval) -> Also:
    """Return a check that nobody has decided the approval's current stage."""

    async def check(tx: Transaction) -> None:
        row = await tx.lock_approval(tenant, approval.approval_id)
        if row is None or (row.status, row.stage) != ("open", approval.stage):
            raise SupersededError(f"approval {approval.approval_id} was decided")
        # One of several whose word is needed may have spoken in time; the mail that
        # says so comes first.
        known = {(ruled.stage, ruled.by) for ruled in approval.rulings}
        for made in await tx.decisions_of(tenant, approval.approval_id):
            if (made.stage, made.person_id) not in known:
                raise SupersededError(f"{made.person_id} has decided meanwhile")

    return check


def all_still_open(tenant: TenantId, approvals: Iterable[Approval]) -> Also:
    """Return a check that nobody has decided the current stage of any."""
    checks = [still_open(tenant, approval) for approval in approvals]

    async def check(tx: Transaction) -> None:
        for each in checks:
            await each(tx)

    return check


async def _write_status(
    tx: Transaction, claim: Claim, state: TurnState, at: datetime
) -> None:
    root = state.frame(ROOT)
    answer = root.answer if root and root.replies else None
    await tx.set_turn_status(
        claim,
        state.turn_id,
        _STATUS[state.phase],
        at=at,
        wake_at=wake_at(state),
        answer=answer,
    )


async def _write_use(
    tx: Transaction, claim: Claim, state: TurnState, used: Mapping[str, Usage]
) -> None:
    assert state.requester is not None, "a turn starts with who asks"
    assert state.started_at is not None, "and when"
    await tx.save_use(
        claim,
        state.turn_id,
        used,
        requester=state.requester.person_id,
        started_at=state.started_at,
    )


async def _write_snapshot(tx: Transaction, claim: Claim, state: TurnState) -> None:
    body, checksum = freeze(state)
    await tx.save_snapshot(claim, state.turn_id, state.seq, body, checksum)
