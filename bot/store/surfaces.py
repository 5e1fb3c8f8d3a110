"""Messages on the platforms: intended, posted, shown.

An intent is committed before a post. A surface with an intent and no receipt may or
may not be visible: look for it before posting again. All writes carry the claim and
raise `LeaseLostError` when it is not valid any more.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLostError
from bot.ports.rows import Claim, SurfaceRow
from bot.ports.surface import Receipt
from bot.protocol.ids import (
    ConversationId,
    PersonId,
    PlatformName,
    SurfaceId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.store.conversations import hold_conversation
from bot.store.direct import Row, direct, direct_from_file
from bot.store.schema import surface

_record_intent = direct_from_file("record_intent")
_record_shown = direct_from_file("record_shown")
_of_turn = direct(
    """
    SELECT surface_id, turn_id, role, person_id, platform, address, intent_at,
           receipt, shown_digest, shown_seq, closed, error
    FROM surface
    WHERE tenant_id = :tenant_id AND turn_id = :turn_id
    ORDER BY role, person_id, surface_id
    """
)
_showing = direct(
    """
    SELECT turn.turn_id
    FROM turn JOIN surface USING (tenant_id, turn_id)
    WHERE turn.tenant_id = :tenant_id AND turn.conversation_id = :conversation_id
      AND turn.is_open
      AND surface.receipt ->> 'message_id' = ANY (CAST(:messages AS text[]))
    ORDER BY turn.started_at, turn.turn_id
    LIMIT 1
    """
)


async def plan_surface(
    conn: AsyncConnection,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    turn_id: TurnId,
    role: str,
    person_id: PersonId,
    platform: PlatformName,
    address: Address | None,
) -> None:
    """Note that there will be such a surface; nothing changes if there is one.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    await conn.execute(
        insert(surface)
        .values(
            tenant_id=claim.tenant_id,
            surface_id=surface_id,
            turn_id=turn_id,
            role=role,
            person_id=person_id,
            platform=platform,
            address=None if address is None else address.model_dump(mode="json"),
        )
        .on_conflict_do_nothing()
    )


async def record_intent(
    conn: AsyncConnection,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    turn_id: TurnId,
    role: str,
    person_id: PersonId,
    address: Address,
) -> datetime:
    """Say that the surface is about to be posted; commit this before posting.

    A surface that was visible before counts as not visible from here on: it is
    posted again because it had gone.

    Returns:
        When, by the database's clock: since then to look for it.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    made = await _record_intent.one(
        conn,
        tenant_id=claim.tenant_id,
        conversation_id=claim.conversation_id,
        fence=claim.fence,
        surface_id=surface_id,
        turn_id=turn_id,
        role=role,
        person_id=person_id,
        platform=address.platform,
        address=address.model_dump_json(),
    )
    if made is None:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    return made["intent_at"]


async def record_receipt(
    conn: AsyncConnection,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    receipt: Receipt,
    digest: str,
    seq: int,
) -> None:
    """Say that the surface is visible, and what it shows.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await record_shown(
        conn, claim, surface_id=surface_id, digest=digest, seq=seq, receipt=receipt
    )


async def record_shown(
    conn: AsyncConnection,
    claim: Claim,
    *,
    surface_id: SurfaceId,
    digest: str,
    seq: int,
    receipt: Receipt | None = None,
    closed: bool = False,
    error: str = "",
) -> None:
    """Say what the surface shows now.

    Args:
        conn: The caller's transaction.
        claim: Of the turn's conversation.
        surface_id: The surface.
        digest: Of what it shows.
        seq: The event up to which it shows the log; it never goes back.
        receipt: The platform's new name for it; ``None`` keeps the old one.
        closed: It will never change again.
        error: Why it cannot be shown.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    held = await _record_shown.one(
        conn,
        tenant_id=claim.tenant_id,
        conversation_id=claim.conversation_id,
        fence=claim.fence,
        surface_id=surface_id,
        digest=digest,
        seq=seq,
        closed=closed,
        error=error,
        receipt=None if receipt is None else receipt.model_dump_json(),
    )
    if held is None:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)


async def load_surfaces(
    conn: AsyncConnection, tenant: TenantId, turn_id: TurnId
) -> list[SurfaceRow]:
    """Return the turn's surfaces, in a stable order."""
    rows = await _of_turn.all(conn, tenant_id=tenant, turn_id=turn_id)
    return [_surface(row) for row in rows]


async def turn_showing(
    conn: AsyncConnection,
    tenant: TenantId,
    conversation: ConversationId,
    messages: Sequence[str],
) -> TurnId | None:
    """Return the oldest open turn of which one of these messages shows a part."""
    row = await _showing.one(
        conn,
        tenant_id=tenant,
        conversation_id=conversation,
        messages=list(messages),
    )
    return TurnId(row["turn_id"]) if row else None


def _surface(row: Row) -> SurfaceRow:
    address, receipt = row["address"], row["receipt"]
    return SurfaceRow(
        surface_id=row["surface_id"],
        turn_id=row["turn_id"],
        role=row["role"],
        person_id=row["person_id"],
        platform=row["platform"],
        address=None
        if address is None
        else Address.model_validate(address, extra="ignore"),
        intent_at=row["intent_at"],
        receipt=None
        if receipt is None
        else Receipt.model_validate(receipt, extra="ignore"),
        shown_digest=row["shown_digest"],
        shown_seq=row["shown_seq"],
        closed=row["closed"],
        error=row["error"],
    )
