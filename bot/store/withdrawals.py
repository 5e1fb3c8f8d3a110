"""Requests that their requester takes back, for good or to change them.

The decision's row says which: a change is told apart by its ``said_key``, so that the
same change again is told the same, and anything else that the request is not open.
"""

import json
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import ApprovalRow
from bot.protocol.events import ApprovalDecided
from bot.store import people
from bot.store.approvals import decisions_of, record_decision, settle_approval
from bot.store.audit import record_audit
from bot.store.mailbox import deliver
from bot.store.texts import storable
from bot.store.wake import notify
from bot.view import wording


async def is_withdrawn(
    conn: AsyncConnection, row: ApprovalRow, *, change: str = ""
) -> bool:
    """Return whether a locked request was taken back for exactly this ``change``."""
    if row.status != "withdrawn":
        return False
    ruled = await decisions_of(conn, row.tenant_id, row.approval_id)
    # Nobody ruled where its turn was stopped: then nothing was taken back by name.
    return bool(ruled) and ruled[-1].said_key == _said_key(change)


async def withdraw(
    conn: AsyncConnection, row: ApprovalRow, *, change: str = ""
) -> None:
    """Take an open, locked request back and wake the turn that waits for it.

    Args:
        conn: The transaction that locked it.
        row: The request.
        change: What its requester wants instead, in their words; empty: nothing.
    """
    tenant, by = row.tenant_id, row.requester_id
    known = await people.find_person(conn, tenant, by)
    name = known.name if known else by
    now = await conn.scalar(select(func.statement_timestamp()))
    assert now is not None, "Postgres knows the time"
    decided = ApprovalDecided(
        approval_id=row.approval_id,
        stage=row.stage,
        verdict="withdrawn",
        by=by,
        by_name=name,
        reason=wording.CHANGED_REASON if change else "",
    )
    await settle_approval(
        conn,
        tenant,
        row.approval_id,
        status="withdrawn",
        stage=row.stage,
        expires_at=row.expires_at,
    )
    await record_decision(
        conn,
        tenant,
        row.approval_id,
        stage=row.stage,
        person_id=by,
        name=name,
        verdict="withdrawn",
        reason=decided.reason,
        said_key=_said_key(change),
        at=now,
    )
    await record_audit(
        conn,
        tenant,
        who=by,
        what="approval.changed" if change else "approval.withdrawn",
        subject=row.subject,
        detail={
            "approval_id": row.approval_id,
            **({"change": storable(change)} if change else {}),
        },
    )
    letter = _letter(row, decided, change)
    await deliver(conn, tenant, row.conversation_id, None, "withdrawn", letter)
    await notify(conn, tenant, row.conversation_id)


def _said_key(change: str) -> str:
    return f"change:{sha256(change.encode()).hexdigest()}" if change else ""


def _letter(row: ApprovalRow, decided: ApprovalDecided, change: str) -> str:
    """Return the mail that tells the waiting turn; `bot.engine.letters` reads it.

    A change is in ``text``: a release that does not know changes takes it for a plain
    withdrawal.
    """
    return json.dumps(
        {
            "kind": "withdrawn",
            "person_id": row.requester_id,
            "person_name": decided.by_name,
            "turn_id": row.turn_id,
            "text": storable(change),
            "decision": decided.model_dump(mode="json"),
        }
    )
