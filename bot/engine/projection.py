"""Rows that follow from events: a turn's status, its approvals, its snapshots.

Computed before the commit by applying the events to the state in memory, and written
in the transaction that commits them: the tables never say what the log does not.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.engine.log import Also
from bot.errors import SupersededError
from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import TenantId
from bot.store.approvals import lock_approval, save_approval
from bot.store.conversations import Claim
from bot.store.log import set_turn_status
from bot.store.snapshots import save_snapshot
from bot.turn.decide import wake_at
from bot.turn.reduce import advance
from bot.turn.snapshot import freeze
from bot.turn.state import ROOT, Approval, Phase, TurnState

SNAPSHOT_EVERY = 200
"""Events between two snapshots of a running turn."""


_STATUS = {
    Phase.NEW: "running",
    Phase.RUNNING: "running",
    Phase.PARKED: "parked",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_MATTERS = (
    ev.TurnParked,
    ev.TurnResumed,
    ev.TurnCompleted,
    ev.TurnFailed,
    ev.TurnCancelled,
    ev.ApprovalRequested,
    ev.ApprovalDecided,
    ev.ApprovalEscalated,
    ev.ApprovalExpired,
)


def projection_of(
    claim: Claim, before: TurnState, events: Sequence[TurnEvent], at: datetime
) -> list[Also]:
    """Return the writes that ``events`` imply; most events imply none."""
    full = before.seq // SNAPSHOT_EVERY != (before.seq + len(events)) // SNAPSHOT_EVERY
    if not full and not any(isinstance(event, _MATTERS) for event in events):
        return []
    after = _after(before, events, at)
    writes = [
        _approval_writer(claim, after, approval)
        for approval in after.approvals
        if approval != before.approval(approval.approval_id)
    ]
    if after.phase != before.phase or wake_at(after) != wake_at(before):
        writes.append(lambda conn: _write_status(conn, claim, after, at))
    if full or after.parked or after.ending:
        writes.append(lambda conn: _write_snapshot(conn, claim, after))
    return writes


def _after(before: TurnState, events: Sequence[TurnEvent], at: datetime) -> TurnState:
    recorded = [
        Recorded(turn_id=before.turn_id, seq=before.seq + n, at=at, event=event)
        for n, event in enumerate(events, start=1)
    ]
    return reduce(advance, recorded, before)


def _approval_writer(claim: Claim, state: TurnState, approval: Approval) -> Also:
    async def write(conn: AsyncConnection) -> None:
        await save_approval(
            conn,
            tenant_id=claim.tenant_id,
            approval_id=approval.approval_id,
            turn_id=state.turn_id,
            conversation_id=claim.conversation_id,
            call_id=approval.call_id,
            requester_id=approval.requester_id,
            subject=approval.subject,
            facts=approval.facts,
            args_hash=approval.args_hash,
            policy=approval.policy,
            stages=approval.stages,
            stage=approval.stage,
            status=approval.status,
            expires_at=approval.expires_at,
        )

    return write


def still_open(tenant: TenantId, approval: Approval) -> Also:
    """Return a check that nobody has decided the approval's current stage."""

    async def check(conn: AsyncConnection) -> None:
        row = await lock_approval(conn, tenant, approval.approval_id)
        if row is None or (row.status, row.stage) != ("open", approval.stage):
            raise SupersededError(f"approval {approval.approval_id} was decided")

    return check


async def _write_status(
    conn: AsyncConnection, claim: Claim, state: TurnState, at: datetime
) -> None:
    root = state.frame(ROOT)
    answer = root.replies[-1].text if root and root.replies else None
    await set_turn_status(
        conn,
        claim,
        state.turn_id,
        _STATUS[state.phase],
        at=at,
        wake_at=wake_at(state),
        answer=answer,
    )


async def _write_snapshot(
    conn: AsyncConnection, claim: Claim, state: TurnState
) -> None:
    body, checksum = freeze(state)
    await save_snapshot(conn, claim, state.turn_id, state.seq, body, checksum)
