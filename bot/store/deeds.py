"""What was done for a tenant's people, and whether anything is left to do: for evals."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.protocol.ids import TenantId
from bot.store.direct import Row, direct

_deeds = direct(
    """
    SELECT 'grant' AS kind, person_id AS who, resource_id AS what, grant_name,
           ends_at - at AS lasts, '' AS queue, '' AS said, at
    FROM access_grant WHERE tenant_id = CAST(:tenant_id AS text)
    UNION ALL
    SELECT 'order', person_id, resource_id, '', NULL, '', '', at
    FROM hardware_order WHERE tenant_id = CAST(:tenant_id AS text)
    UNION ALL
    SELECT 'waitlist', person_id, resource_id, '', NULL, '', '', at
    FROM waitlist_entry WHERE tenant_id = CAST(:tenant_id AS text)
    UNION ALL
    SELECT 'reset', person_id, '', '', NULL, '', '', at
    FROM password_reset WHERE tenant_id = CAST(:tenant_id AS text)
    UNION ALL
    SELECT 'ticket', person_id, '', '', NULL, queue, title || E'\\n' || body, at
    FROM ticket WHERE tenant_id = CAST(:tenant_id AS text)
    ORDER BY at
    """
)

_busy = direct(
    """
    SELECT EXISTS (
        SELECT FROM conversation
        WHERE tenant_id = CAST(:tenant_id AS text)
          AND (worker_id IS NOT NULL OR mail_seq > consumed
               OR due_at <= statement_timestamp())
    ) OR EXISTS (
        SELECT FROM turn
        WHERE tenant_id = CAST(:tenant_id AS text) AND status = 'running'
    ) AS busy
    """
)

_mail = direct(
    """
    SELECT EXISTS (
        SELECT FROM conversation
        WHERE tenant_id = CAST(:tenant_id AS text) AND mail_seq > consumed
    ) AS waits
    """
)
_due = direct(
    """
    SELECT min(due_at) AS due_at FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
    """
)


async def deeds_of(conn: AsyncConnection, tenant: TenantId) -> list[Row]:
    """Return a row for each effect of a tenant, in order."""
    return await _deeds.all(conn, tenant_id=tenant)


async def is_busy(conn: AsyncConnection, tenant: TenantId) -> bool:
    """Return whether somebody works for a tenant, or soon will without being told."""
    [row] = await _busy.all(conn, tenant_id=tenant)
    return bool(row["busy"])


async def has_mail(conn: AsyncConnection, tenant: TenantId) -> bool:
    """Return whether something was said to a tenant's turns that they have not heard."""
    [row] = await _mail.all(conn, tenant_id=tenant)
    return bool(row["waits"])


async def next_due(conn: AsyncConnection, tenant: TenantId) -> datetime | None:
    """Return when something of a tenant has to be done by itself, if anything."""
    [row] = await _due.all(conn, tenant_id=tenant)
    return row["due_at"]
