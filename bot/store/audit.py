"""Who did what, for ever: rows that only come. The database refuses to change them."""

from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.protocol.ids import TenantId
from bot.store.schema_records import audit
from bot.store.texts import storable


async def record_audit(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    who: str,
    what: str,
    subject: str,
    detail: Mapping[str, JsonValue],
) -> None:
    """Write down that ``who`` did ``what`` to ``subject``.

    Args:
        conn: The transaction that does it.
        tenant: Whose record it is.
        who: A person's id, or ``deskhand``.
        what: A past tense with a dot, e.g. ``order.placed``.
        subject: What it was done to.
        detail: Whatever else an auditor wants to know.
    """
    await conn.execute(
        insert(audit).values(
            tenant_id=tenant,
            who=who,
            what=what,
            subject=storable(subject),
            detail=dict(detail),
        )
    )
