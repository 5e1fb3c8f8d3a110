"""Deliveries that came before.

A delivery has two names: the platform's id of the call, and what was said or done.
Seeing either again makes it a duplicate.
"""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.protocol.ids import PlatformName, TenantId
from bot.store.direct import direct_from_file
from bot.store.schema import delivery_seen

KEEP = timedelta(days=7)
"""How long names are remembered; both platforms give up redelivering within a day."""

_first_time = direct_from_file("first_time")


async def first_time(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    delivery_id: str,
    said_key: str,
    platform: PlatformName,
    keep: timedelta = KEEP,
) -> bool:
    """Note the delivery; return False if it, or what it says, came before.

    A twin in another transaction waits here until this one has ended: if it commits,
    the twin is the duplicate; if it rolls back, the twin is the first.
    """
    rows = await _first_time.all(
        conn,
        tenant_id=tenant,
        platform=platform,
        delivery_id=delivery_id,
        said_key=said_key,
        keep=keep,
    )
    return len(rows) == 2  # noqa: PLR2004 - both of its two names were new


async def forget_deliveries(conn: AsyncConnection) -> int:
    """Remove names that are kept no longer; return how many."""
    rows = await conn.execute(
        delete(delivery_seen).where(
            delivery_seen.c.keep_until < func.statement_timestamp()
        )
    )
    return rows.rowcount
