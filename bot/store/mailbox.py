"""What was delivered to a conversation and is not consumed yet.

Mail is numbered per conversation without gaps and may be consumed in any order;
consuming removes it. A conversation with mail is due.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLostError
from bot.ports.rows import Claim, Mail
from bot.protocol.ids import ConversationId, PersonId, TenantId
from bot.protocol.inbound import Address
from bot.store.conversations import note_held
from bot.store.dedup import KEEP
from bot.store.direct import direct, direct_from_file

_deliver = direct_from_file("deliver")
_consume = direct_from_file("consume")
_receive = direct_from_file("receive")
_read_mail = direct(
    """
    SELECT mail_seq, kind, CAST(body AS text) AS body, at FROM mailbox
    WHERE tenant_id = :tenant_id AND conversation_id = :conversation_id
    ORDER BY mail_seq
    """
)


async def deliver(  # noqa: PLR0917 - in the order of an envelope
    conn: AsyncConnection,
    tenant: TenantId,
    conversation_id: ConversationId,
    address: Address | None,
    kind: str,
    body: str,
) -> int:
    """Put a JSON document into a conversation and return its number.

    Args:
        conn: The caller's transaction.
        tenant: Whose conversation it is.
        conversation_id: Made, if it is new.
        address: Where the conversation is; ``None`` keeps what is known.
        kind: What the document is, for who reads it.
        body: The JSON document.
    """
    row = await _deliver.one(
        conn,
        tenant_id=tenant,
        conversation_id=conversation_id,
        address=None if address is None else address.model_dump_json(),
        kind=kind,
        body=body,
    )
    assert row is not None, "it is always put in"
    return row["mail_seq"]


async def receive(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    delivery_id: str,
    said_key: str,
    address: Address,
    kind: str,
    body: str,
    met: PersonId | None,
    keep: timedelta = KEEP,
) -> bool:
    """Put what somebody said into their conversation, unless it came before.

    As `bot.store.dedup.first_time`, `deliver` and `bot.store.people.remember_address`,
    in one statement.
    """
    row = await _receive.one(
        conn,
        tenant_id=tenant,
        platform=address.platform,
        delivery_id=delivery_id,
        said_key=said_key,
        keep=keep,
        conversation_id=address.conversation_id,
        address=address.model_dump_json(),
        kind=kind,
        body=body,
        met=met,
    )
    return row is not None


async def read_mail(conn: AsyncConnection, claim: Claim) -> list[Mail]:
    """Return what the conversation has not consumed, oldest first."""
    rows = await _read_mail.all(
        conn, tenant_id=claim.tenant_id, conversation_id=claim.conversation_id
    )
    return [Mail(**row) for row in rows]


async def consume(conn: AsyncConnection, claim: Claim, *mail_seqs: int) -> int:
    """Remove mail, in any order, and return how much is left.

    Consuming what is gone already changes nothing.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was removed.
    """
    row = await _consume.one(
        conn,
        tenant_id=claim.tenant_id,
        conversation_id=claim.conversation_id,
        fence=claim.fence,
        mail_seqs=mail_seqs,
    )
    if row is None:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    note_held(conn, claim)
    return row["left_over"]
