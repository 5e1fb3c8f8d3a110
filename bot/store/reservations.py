"""Access that a system is asked for: kept free before, and a grant once it says so.

A reservation is a grant that is not given yet. It takes its seat, so that nobody is
given in a system what has run out meanwhile; it outlives a crash, so that a membership
found afterwards is known to be ours; and when nobody ever hears what came of it, it is
settled by `bot.store.endings`, as every grant is ended.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.records import Access, Filed
from bot.ports.systems import Membership
from bot.protocol.ids import TenantId
from bot.store.audit import record_audit
from bot.store.columns import INSTANT
from bot.store.holdings import (
    check_seat,
    columns_of,
    is_of,
    is_ours,
    look_at,
    not_ended,
)
from bot.store.ledger import next_reference
from bot.store.schema_records import access_grant

SETTLED_AFTER = timedelta(hours=1)
"""By then nobody runs the call any more, and no request of it is under way."""


async def reserve(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    key: str,
    access: Access,
    where: Membership,
    there: bool,
    looked_at: datetime,
) -> None:
    """Note that a system is about to be asked; see `bot.ports.records.Records`.

    Raises:
        OutOfStock: A seat was asked for and none is free.
    """
    shelf = await look_at(conn, tenant, access.resource_id, lock=True)
    if await _renewed(conn, tenant, key, where):
        return
    ours = not there or await is_ours(conn, tenant, where)
    if not there:
        await _end_stale(conn, tenant, where, looked_at)
    if access.seat:
        await check_seat(conn, tenant, shelf, access)
    await conn.execute(
        insert(access_grant).values(
            tenant_id=tenant,
            reference=await next_reference(conn, tenant, "GR"),
            person_id=access.person,
            resource_id=access.resource_id,
            grant_name=access.grant,
            seat=access.seat,
            ends_at=access.ends_at if ours else None,
            effect_key=key,
            turn_id=access.turn_id,
            given=False,
            ours=ours,
            ending_at=func.statement_timestamp() + SETTLED_AFTER,
            **columns_of(where),
        )
    )


async def _renewed(
    conn: AsyncConnection, tenant: TenantId, key: str, where: Membership
) -> bool:
    """Note that a call asks once more; return whether it is noted already.

    Whoever was about to settle it loses their claim. What an earlier attempt asked for
    elsewhere, by another company file, is settled by itself.
    """
    pending = and_(_is_reserved(tenant, key), access_grant.c.given.is_(False))
    again = await conn.execute(
        update(access_grant)
        .where(pending, *is_of(where))
        .values(
            at=func.statement_timestamp(),
            ending_at=func.statement_timestamp() + SETTLED_AFTER,
            ending_fence=access_grant.c.ending_fence + 1,
            ending_tries=0,
            ending_why="",
        )
        .returning(access_grant.c.reference)
    )
    if again.scalar_one_or_none():
        return True
    await conn.execute(update(access_grant).where(pending).values(effect_key=""))
    given = select(exists().where(_is_reserved(tenant, key)))
    return bool(await conn.scalar(given))


async def confirm(
    conn: AsyncConnection, tenant: TenantId, key: str, *, ends_at: datetime | None
) -> Filed | None:
    """Make a reservation a grant; ``None``: there is none under this key.

    Its time begins now. Whoever was about to settle it loses their claim.
    """
    rows = await conn.execute(
        update(access_grant)
        .where(_is_reserved(tenant, key))
        .values(
            given=True,
            at=func.statement_timestamp(),
            ends_at=case((access_grant.c.ours, literal(ends_at, INSTANT)), else_=None),
            ending_at=None,
            ending_fence=access_grant.c.ending_fence + 1,
            ending_tries=0,
            ending_why="",
        )
        .returning(access_grant.c.reference)
    )
    reference = rows.scalar_one_or_none()
    return reference and Filed(reference=reference, created=True)


async def asked_of(conn: AsyncConnection, tenant: TenantId, key: str) -> str:
    """Return the system that was asked and of which nobody has heard since, or ""."""
    pending = and_(_is_reserved(tenant, key), access_grant.c.given.is_(False))
    return str(await conn.scalar(select(access_grant.c.system).where(pending)) or "")


async def release(conn: AsyncConnection, tenant: TenantId, key: str) -> None:
    """Undo a reservation that did not become a grant."""
    await conn.execute(
        delete(access_grant).where(
            _is_reserved(tenant, key), access_grant.c.given.is_(False)
        )
    )


async def _end_stale(
    conn: AsyncConnection, tenant: TenantId, where: Membership, looked_at: datetime
) -> None:
    """End grants of which the system says that they are not there.

    What was given since, by another call of the same turn, say, it had not seen yet.
    """
    gone = await conn.execute(
        update(access_grant)
        .where(
            *not_ended(tenant, where),
            access_grant.c.given,
            access_grant.c.at < looked_at,
        )
        .values(ended_at=func.statement_timestamp())
        .returning(access_grant.c.reference, access_grant.c.resource_id)
    )
    for row in gone:
        await record_audit(
            conn,
            tenant,
            who="deskhand",
            what="grant.gone",
            subject=row.resource_id,
            detail={"reference": row.reference, "system": where.system},
        )


def _is_reserved(tenant: TenantId, key: str) -> ColumnElement[bool]:
    return and_(
        access_grant.c.tenant_id == tenant,
        access_grant.c.effect_key == key,
        access_grant.c.ended_at.is_(None),
    )
