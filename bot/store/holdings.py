"""Who has what: access, seats and stock. Counted under the resource's row lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.records import Access, Filed, Grant, OutOfStock
from bot.ports.systems import Membership
from bot.protocol.ids import PersonId, TenantId
from bot.store.ledger import next_reference
from bot.store.schema_records import (
    access_grant,
    hardware_order,
    resource,
    waitlist_entry,
)
from bot.store.statements import statement

FIRST_ORDER = 1001

_seats_taken = statement("seats_taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What is counted of a resource; ``None`` where it is not."""

    seats: int | None
    stock: int | None


async def look_at(
    conn: AsyncConnection, tenant: TenantId, resource_id: str, *, lock: bool = False
) -> Shelf:
    """Return what is counted of a resource; with ``lock``, nobody else takes any."""
    found = select(resource.c.seats, resource.c.stock).where(
        resource.c.tenant_id == tenant, resource.c.resource_id == resource_id
    )
    if lock:
        found = found.with_for_update(key_share=True)
    row = (await conn.execute(found)).one_or_none()
    if row is None:
        return Shelf(seats=None, stock=None)
    return Shelf(seats=row.seats, stock=row.stock)


async def seats_left(
    conn: AsyncConnection, tenant: TenantId, resource_id: str
) -> int | None:
    """Return how many seats are free; ``None`` when they are not counted."""
    seats = (await look_at(conn, tenant, resource_id)).seats
    if seats is None:
        return None
    taken, _ = await _taken(conn, tenant, resource_id, PersonId(""))
    return max(0, seats - taken)


async def grants_of(
    conn: AsyncConnection, tenant: TenantId, person: PersonId
) -> Sequence[Grant]:
    """Return the person's grants in force, newest first."""
    rows = await conn.execute(
        select(access_grant)
        .where(
            access_grant.c.tenant_id == tenant,
            access_grant.c.person_id == person,
            _in_force,
        )
        .order_by(access_grant.c.at.desc(), access_grant.c.reference)
    )
    return [_grant(row) for row in rows]


async def find_grant(
    conn: AsyncConnection, tenant: TenantId, reference: str
) -> Grant | None:
    """Return a grant by its reference, in force or not."""
    rows = await conn.execute(
        select(access_grant).where(
            access_grant.c.tenant_id == tenant, access_grant.c.reference == reference
        )
    )
    row = rows.one_or_none()
    return None if row is None else _grant(row)


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        person_id=row.person_id,
        resource_id=row.resource_id,
        grant=row.grant_name,
        granted_at=row.at,
        ends_at=row.ends_at,
        ours=row.ours,
    )


_in_force = and_(
    access_grant.c.given,
    access_grant.c.ended_at.is_(None),
    or_(
        access_grant.c.ends_at.is_(None),
        access_grant.c.ends_at > func.statement_timestamp(),
    ),
)


async def give_access(
    conn: AsyncConnection,
    tenant: TenantId,
    access: Access,
    where: Membership | None = None,
) -> Filed:
    """Give access; what the person has already for as long is not given twice.

    What a system says is there, and neither this call nor a row of ours tells why, is
    somebody else's: it never ends here.

    Raises:
        OutOfStock: A seat was asked for and none is free.
    """
    shelf = await look_at(conn, tenant, access.resource_id, lock=True)
    ours = where is None or await is_ours(conn, tenant, where)
    ends_at = access.ends_at if ours else None
    held = await conn.scalar(
        select(access_grant.c.reference)
        .where(
            access_grant.c.tenant_id == tenant,
            access_grant.c.person_id == access.person,
            access_grant.c.resource_id == access.resource_id,
            access_grant.c.grant_name == access.grant,
            access_grant.c.given,
            access_grant.c.ended_at.is_(None),
            *is_of(where),
            or_(
                access_grant.c.ends_at.is_(None),
                access_grant.c.ends_at >= ends_at if ends_at else false(),
            ),
        )
        .limit(1)
    )
    if held is not None:
        return Filed(reference=held, created=False)
    if access.seat:
        await check_seat(conn, tenant, shelf, access)
    reference = await next_reference(conn, tenant, "GR")
    await conn.execute(
        insert(access_grant).values(
            tenant_id=tenant,
            reference=reference,
            person_id=access.person,
            resource_id=access.resource_id,
            grant_name=access.grant,
            seat=access.seat,
            ends_at=ends_at,
            turn_id=access.turn_id,
            ours=ours,
            **columns_of(where),
        )
    )
    return Filed(reference=reference, created=True)


async def check_seat(
    conn: AsyncConnection,
    tenant: TenantId,
    shelf: Shelf,
    access: Access,
) -> None:
    """Return if a seat is free for the person, or theirs already.

    Raises:
        OutOfStock: None is.
    """
    if shelf.seats is None:
        return
    taken, has_one = await _taken(conn, tenant, access.resource_id, access.person)
    if taken >= shelf.seats and not has_one:
        raise OutOfStock


def columns_of(where: Membership | None) -> Mapping[str, str]:
    """Return what a grant's row says of where it was given."""
    if where is None:
        return {"system": "", "target": "", "account": ""}
    return {"system": where.system, "target": where.target, "account": where.account}


def is_of(where: Membership | None) -> Sequence[ColumnElement[bool]]:
    """Return the condition that a grant was given there.

    To GitHub, Ada and ada are one login.
    """
    said = columns_of(where)
    account = func.lower(access_grant.c.account) == said["account"].lower()
    return [
        access_grant.c.system == said["system"],
        access_grant.c.target == said["target"],
        account,
    ]


def not_ended(tenant: TenantId, where: Membership) -> Sequence[ColumnElement[bool]]:
    """Return the condition that a row tells of a membership still."""
    return [
        access_grant.c.tenant_id == tenant,
        access_grant.c.ended_at.is_(None),
        *is_of(where),
    ]


async def is_ours(conn: AsyncConnection, tenant: TenantId, where: Membership) -> bool:
    """Return whether a row says that a membership is there by us."""
    known = not_ended(tenant, where)
    found = select(exists().where(*known, access_grant.c.ours))
    return bool(await conn.scalar(found))


async def place_order(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    person: PersonId,
    resource_id: str,
    price: float,
    currency: str,
) -> Filed:
    """Order one piece, from the shelf if there is one on it."""
    shelf = await look_at(conn, tenant, resource_id, lock=True)
    if shelf.stock:
        await conn.execute(
            update(resource)
            .where(
                resource.c.tenant_id == tenant, resource.c.resource_id == resource_id
            )
            .values(stock=resource.c.stock - 1)
        )
    reference = await next_reference(conn, tenant, "ORD", first=FIRST_ORDER)
    await conn.execute(
        insert(hardware_order).values(
            tenant_id=tenant,
            reference=reference,
            person_id=person,
            resource_id=resource_id,
            price=price,
            currency=currency,
            from_stock=bool(shelf.stock),
        )
    )
    return Filed(reference=reference, created=True)


async def queue_up(
    conn: AsyncConnection, tenant: TenantId, *, person: PersonId, resource_id: str
) -> Filed:
    """Put the person on the waiting list; who is on it stays where they are."""
    await look_at(conn, tenant, resource_id, lock=True)
    place = await conn.scalar(
        select(waitlist_entry.c.reference).where(
            waitlist_entry.c.tenant_id == tenant,
            waitlist_entry.c.person_id == person,
            waitlist_entry.c.resource_id == resource_id,
        )
    )
    if place is not None:
        return Filed(reference=place, created=False)
    reference = await next_reference(conn, tenant, "WL")
    await conn.execute(
        insert(waitlist_entry).values(
            tenant_id=tenant,
            reference=reference,
            person_id=person,
            resource_id=resource_id,
        )
    )
    return Filed(reference=reference, created=True)


async def _taken(
    conn: AsyncConnection, tenant: TenantId, resource_id: str, person: PersonId
) -> tuple[int, bool]:
    rows = await conn.execute(
        _seats_taken,
        {"tenant_id": tenant, "resource_id": resource_id, "person_id": person},
    )
    row = rows.one()
    return row.taken, row.has_one
