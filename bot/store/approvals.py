"""Requests for a decision, and the decisions. These rows are the truth; cards are views.

Whoever decides locks the approval first with `lock_approval`; two people who click at
once are then one after the other. An approval that is not open never changes again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import ApprovalRow, ApprovalStatus, DecisionRow
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    ConversationId,
    PersonId,
    TenantId,
    TurnId,
)
from bot.protocol.values import Fact, Stage, Verdict
from bot.store.direct import Row, direct
from bot.store.schema import approval, conversation, decision
from bot.store.texts import storable

_facts: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])
_stages: TypeAdapter[tuple[Stage, ...]] = TypeAdapter(tuple[Stage, ...])


async def save_approval(
    conn: AsyncConnection,
    *,
    tenant_id: TenantId,
    approval_id: ApprovalId,
    turn_id: TurnId,
    conversation_id: ConversationId,
    call_id: CallId,
    requester_id: PersonId,
    subject: str,
    facts: Sequence[Fact],
    args_hash: str,
    policy: str,
    stages: Sequence[Stage],
    stage: int,
    status: ApprovalStatus,
    expires_at: datetime,
) -> bool:
    """Write the approval as the log has it: new, or changed.

    Call it in a transaction that has appended to the log, which checks the fence.

    Returns:
        False if somebody was faster: it is not open any more, or already further.
        Then nothing changed, and mail about it is on its way.
    """
    changing = {
        "stages": _stages.dump_python(tuple(stages), mode="json"),
        "stage": stage,
        "status": status,
        "expires_at": expires_at,
    }
    saved = await conn.execute(
        insert(approval)
        .values(
            tenant_id=tenant_id,
            approval_id=approval_id,
            turn_id=turn_id,
            conversation_id=conversation_id,
            call_id=call_id,
            requester_id=requester_id,
            subject=storable(subject),
            facts=_facts.dump_python(tuple(facts), mode="json"),
            args_hash=args_hash,
            policy=policy,
            **changing,
        )
        .on_conflict_do_update(
            index_elements=[approval.c.tenant_id, approval.c.approval_id],
            set_=changing,
            where=(approval.c.status == "open") & (approval.c.stage <= stage),
        )
        .returning(approval.c.approval_id)
    )
    return saved.one_or_none() is not None


async def lock_approval(
    conn: AsyncConnection, tenant: TenantId, approval_id: ApprovalId
) -> ApprovalRow | None:
    """Return the approval and keep it as it is until the transaction ends.

    Its conversation is locked before it, because the owner, too, locks first the
    conversation (to append) and then the approval.
    """
    of_approval = select(approval.c.tenant_id, approval.c.conversation_id).where(
        approval.c.tenant_id == tenant, approval.c.approval_id == approval_id
    )
    key = tuple_(conversation.c.tenant_id, conversation.c.conversation_id)
    await conn.execute(
        select(conversation.c.fence)
        .where(key.in_(of_approval))
        .with_for_update(key_share=True, of=conversation)
    )
    rows = await conn.execute(
        select(approval)
        .where(approval.c.tenant_id == tenant, approval.c.approval_id == approval_id)
        .with_for_update(key_share=True)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else _approval(row)


async def record_decision(
    conn: AsyncConnection,
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
    """Write down what a person said at a stage of a locked approval.

    Returns:
        False if this person has decided this stage before; then nothing changed.
    """
    made = await conn.execute(
        insert(decision)
        .values(
            tenant_id=tenant,
            approval_id=approval_id,
            stage=stage,
            person_id=person_id,
            verdict=verdict,
            reason=storable(reason),
            name=storable(name),
            said_key=said_key,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(decision.c.person_id)
    )
    return made.one_or_none() is not None


async def settle_approval(
    conn: AsyncConnection,
    tenant: TenantId,
    approval_id: ApprovalId,
    *,
    status: ApprovalStatus,
    stage: int,
    expires_at: datetime,
) -> bool:
    """Say what a decision made of a locked approval; False if it was not open."""
    settled = await conn.execute(
        update(approval)
        .where(
            approval.c.tenant_id == tenant,
            approval.c.approval_id == approval_id,
            approval.c.status == "open",
        )
        .values(status=status, stage=stage, expires_at=expires_at)
        .returning(approval.c.approval_id)
    )
    return settled.one_or_none() is not None


async def decisions_of(
    conn: AsyncConnection, tenant: TenantId, approval_id: ApprovalId
) -> list[DecisionRow]:
    """Return who decided what so far, in order."""
    rows = await conn.execute(
        select(decision)
        .where(decision.c.tenant_id == tenant, decision.c.approval_id == approval_id)
        .order_by(decision.c.stage, decision.c.at, decision.c.person_id)
    )
    return [
        DecisionRow(
            stage=row.stage,
            person_id=row.person_id,
            name=row.name,
            verdict=row.verdict,
            reason=row.reason,
            said_key=row.said_key,
            at=row.at,
        )
        for row in rows
    ]


_open_of = direct(
    f"""
    SELECT {", ".join(column.name for column in approval.c)} FROM approval
    WHERE tenant_id = :tenant_id AND requester_id = :requester_id AND status = 'open'
    ORDER BY created_at, approval_id
    """  # noqa: S608 - names of our schema
)


async def open_approvals_of(
    conn: AsyncConnection, tenant: TenantId, requester: PersonId
) -> list[ApprovalRow]:
    """Return what the person still waits for, oldest first."""
    rows = await _open_of.all(conn, tenant_id=tenant, requester_id=requester)
    return [_approval(row) for row in rows]


async def due_approvals(
    conn: AsyncConnection, now: datetime, *, limit: int = 50
) -> list[ApprovalRow]:
    """Return open approvals of any tenant whose stage has run out, longest first.

    Not locked: whoever acts on one locks it and looks again.
    """
    rows = await conn.execute(
        select(approval)
        .where(approval.c.status == "open", approval.c.expires_at <= now)
        .order_by(approval.c.expires_at)
        .limit(limit)
    )
    return [_approval(row) for row in rows.mappings()]


def _approval(row: RowMapping | Row) -> ApprovalRow:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    values["facts"] = _facts.validate_python(values["facts"])
    values["stages"] = _stages.validate_python(values["stages"])
    return ApprovalRow(**values)
