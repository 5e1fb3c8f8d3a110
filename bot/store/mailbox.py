"""What was delivered to a conversation and is not consumed yet.

Mail is numbered per conversation without gaps and may be consumed in any order;
consuming removes it. A conversation with mail is due.
"""

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLostError
from bot.ports.rows import Claim, Mail
from bot.protocol.ids import ConversationId, TenantId
from bot.protocol.inbound import Address
from bot.store.schema import mailbox
from bot.store.statements import statement

_deliver = statement("deliver")
_consume = statement("consume")


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
    rows = await conn.execute(
        _deliver,
        {
            "tenant_id": tenant,
            "conversation_id": conversation_id,
            "address": None if address is None else address.model_dump_json(),
            "kind": kind,
            "body": body,
        },
    )
    return rows.scalar_one()


async def read_mail(conn: AsyncConnection, claim: Claim) -> list[Mail]:
    """Return what the conversation has not consumed, oldest first."""
    rows = await conn.execute(
        select(
            mailbox.c.mail_seq,
            mailbox.c.kind,
            cast(mailbox.c.body, Text),
            mailbox.c.at,
        )
        .where(
            mailbox.c.tenant_id == claim.tenant_id,
            mailbox.c.conversation_id == claim.conversation_id,
        )
        .order_by(mailbox.c.mail_seq)
    )
    return [
        Mail(mail_seq=seq, kind=kind, body=body, at=at) for seq, kind, body, at in rows
    ]


async def consume(conn: AsyncConnection, claim: Claim, *mail_seqs: int) -> int:
    """Remove mail, in any order, and return how much is left.

    Consuming what is gone already changes nothing.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was removed.
    """
    rows = await conn.execute(
        _consume,
        {
            "tenant_id": claim.tenant_id,
            "conversation_id": claim.conversation_id,
            "fence": claim.fence,
            "mail_seqs": list(mail_seqs),
        },
    )
    row = rows.one_or_none()
    if row is None:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    return row.left_over
