"""Statements about approvals and surfaces: what people are asked and shown.

As in `bot/store/approvals.py` and `surfaces.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.ports.rows import (
    ApprovalRow,
    ApprovalStatus,
    Claim,
    DecisionRow,
    SurfaceRow,
)
from bot.ports.surface import Receipt
from bot.protocol.ids import (
    ApprovalId,
    ConversationId,
    PersonId,
    SurfaceId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.protocol.values import Verdict
from bot.store.texts import storable
from bot.turn.state import Approval
from tests.simulation.database import Session
from tests.simulation.store_conversations import hold

# --------------------------------------------------------------------------- approvals


async def save_approval(
    s: Session, claim: Claim, turn_id: TurnId, approval: Approval
) -> bool:
    """Write the approval as the log has it; False if somebody was faster."""
    table, key = s.tables.approval, (claim.tenant_id, approval.approval_id)
    row = await s.lock(table, key)
    if row is None:
        row = ApprovalRow(
            tenant_id=claim.tenant_id,
            approval_id=approval.approval_id,
            turn_id=turn_id,
            conversation_id=claim.conversation_id,
            call_id=approval.call_id,
            requester_id=approval.requester_id,
            subject=storable(approval.subject),
            facts=tuple(approval.facts),
            args_hash=approval.args_hash,
            policy=approval.policy,
            stages=tuple(approval.stages),
            stage=approval.stage,
            status=approval.status,
            expires_at=approval.expires_at,
            created_at=s.started,
        )
    elif row.status == "open" and row.stage <= approval.stage:
        row = replace(
            row,
            stages=tuple(approval.stages),
            stage=approval.stage,
            status=approval.status,
            expires_at=approval.expires_at,
        )
    else:
        return False
    s.put(table, key, row)
    return True


async def lock_approval(
    s: Session, tenant: TenantId, approval_id: ApprovalId
) -> ApprovalRow | None:
    """Return the approval, locked; its conversation is locked before it."""
    table, key = s.tables.approval, (tenant, approval_id)
    row = s.get(table, key)
    if row is None:
        return None
    await s.lock(s.tables.conversation, (tenant, row.conversation_id))
    return await s.lock(table, key)


async def record_decision(
    s: Session,
    tenant: TenantId,
    approval_id: ApprovalId,
    *,
    stage: int,
    person_id: PersonId,
    name: str,
    verdict: Verdict,
    reason: str,
    said_key: str,
    at: datetime,
) -> bool:
    """Write down what a person said at a stage; False if they had already."""
    key = (tenant, approval_id, stage, person_id)
    if not await s.take_key(s.tables.decision, key):
        return False
    made = DecisionRow(
        stage=stage,
        person_id=person_id,
        name=storable(name),
        verdict=verdict,
        reason=storable(reason),
        said_key=said_key,
        at=at,
    )
    s.put(s.tables.decision, key, made)
    return True


async def decisions_of(
    s: Session, tenant: TenantId, approval_id: ApprovalId
) -> list[DecisionRow]:
    """Return who decided what so far, in order."""
    rows = s.rows(s.tables.decision, tenant, approval_id).values()
    return sorted(rows, key=lambda made: (made.stage, made.at, made.person_id))


async def settle_approval(
    s: Session,
    tenant: TenantId,
    approval_id: ApprovalId,
    *,
    status: ApprovalStatus,
    stage: int,
    expires_at: datetime,
) -> bool:
    """Say what a decision made of a locked approval; False if it was not open."""
    table, key = s.tables.approval, (tenant, approval_id)
    seen = s.get(table, key)
    if seen is None or seen.status != "open":
        return False
    row = await s.lock(table, key)
    if row is None or row.status != "open":
        return False
    s.put(table, key, replace(row, status=status, stage=stage, expires_at=expires_at))
    return True


# ---------------------------------------------------------------------------- surfaces


async def record_intent(
    s: Session,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    turn_id: TurnId,
    role: str,
    person_id: PersonId,
    address: Address,
) -> datetime:
    """Say that the surface is about to be posted; return when."""
    await hold(s, claim)
    table, key = s.tables.surface, (claim.tenant_id, surface_id)
    row = await s.lock(table, key)
    if row is None:
        row = SurfaceRow(
            surface_id=surface_id,
            turn_id=turn_id,
            role=role,
            person_id=person_id,
            platform=address.platform,
            address=address,
            intent_at=s.now,
            receipt=None,
            shown_digest="",
            shown_seq=0,
            closed=False,
            error="",
        )
    else:
        row = replace(
            row,
            platform=address.platform,
            address=address,
            intent_at=s.now,
            receipt=None,
        )
    s.put(table, key, row)
    return s.now


async def record_shown(
    s: Session,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    digest: str,
    seq: int,
    receipt: Receipt | None = None,
    closed: bool = False,
    error: str = "",
) -> None:
    """Say what the surface shows now; ``seq`` never goes back."""
    await hold(s, claim)
    table, key = s.tables.surface, (claim.tenant_id, surface_id)
    if s.get(table, key) is None or (row := await s.lock(table, key)) is None:
        return
    shown = replace(
        row,
        shown_digest=digest,
        shown_seq=max(row.shown_seq, seq),
        closed=row.closed or closed,
        error=error,
        receipt=receipt or row.receipt,
    )
    s.put(table, key, shown)


async def load_surfaces(
    s: Session, tenant: TenantId, turn_id: TurnId
) -> list[SurfaceRow]:
    """Return the turn's surfaces, in a stable order."""
    mine = [
        row
        for (whose, _), row in s.rows(s.tables.surface).items()
        if whose == tenant and row.turn_id == turn_id
    ]
    return sorted(mine, key=lambda row: (row.role, row.person_id, row.surface_id))


async def turn_showing(
    s: Session, tenant: TenantId, conversation: ConversationId, messages: Sequence[str]
) -> TurnId | None:
    """Return the oldest open turn of which one of these messages shows a part."""
    shown = {
        row.turn_id
        for (whose, _), row in s.rows(s.tables.surface).items()
        if whose == tenant and row.receipt and row.receipt.message_id in messages
    }
    open_here = [
        turn
        for (whose, turn_id), turn in s.rows(s.tables.turn).items()
        if whose == tenant
        and turn_id in shown
        and turn.is_open
        and turn.conversation_id == conversation
    ]
    oldest = min(open_here, key=lambda t: (t.started_at, t.turn_id), default=None)
    return oldest.turn_id if oldest else None
