"""Tickets: ours, with where they are worked on if that is elsewhere."""

from collections.abc import Sequence

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.records import FiledTicket, Place
from bot.protocol.ids import PersonId, TenantId
from bot.store.ledger import next_reference
from bot.store.schema_records import effect, ticket
from bot.store.texts import storable


async def write_ticket(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    person: PersonId,
    queue: str,
    title: str,
    body: str,
    place: Place | None,
) -> str:
    """Write a ticket and return its reference."""
    reference = await next_reference(conn, tenant, "IT")
    await conn.execute(
        insert(ticket).values(
            tenant_id=tenant,
            reference=reference,
            person_id=person,
            queue=storable(queue),
            title=storable(title),
            body=storable(body),
            **_columns(place),
        )
    )
    return reference


async def place_ticket(
    conn: AsyncConnection, tenant: TenantId, reference: str, place: Place
) -> None:
    """Write down where a ticket is worked on, unless that is known."""
    await conn.execute(
        update(ticket)
        .where(
            ticket.c.tenant_id == tenant,
            ticket.c.reference == reference,
            ticket.c.there == "",
        )
        .values(_columns(place))
    )


async def ticket_under(
    conn: AsyncConnection, tenant: TenantId, key: str
) -> FiledTicket | None:
    """Return the ticket that was opened under a key."""
    rows = await conn.execute(
        select(ticket)
        .join(
            effect,
            (effect.c.tenant_id == ticket.c.tenant_id)
            & (effect.c.reference == ticket.c.reference),
        )
        .where(
            effect.c.tenant_id == tenant,
            effect.c.key == key,
            effect.c.kind == "ticket",
        )
    )
    row = rows.one_or_none()
    return _filed(row) if row else None


async def tickets_of(
    conn: AsyncConnection, tenant: TenantId, person: PersonId, limit: int
) -> Sequence[FiledTicket]:
    """Return a person's tickets, newest first."""
    rows = await conn.execute(
        select(ticket)
        .where(ticket.c.tenant_id == tenant, ticket.c.person_id == person)
        .order_by(ticket.c.at.desc(), ticket.c.reference.desc())
        .limit(limit)
    )
    return [_filed(row) for row in rows]


def _columns(place: Place | None) -> dict[str, str]:
    if place is None:
        return {}
    return {"system": place.system, "there": place.reference, "link": place.link}


def _filed(row: Row[tuple[object, ...]]) -> FiledTicket:
    place = Place(system=row.system, reference=row.there, link=row.link)
    return FiledTicket(
        reference=row.reference,
        queue=row.queue,
        title=row.title,
        opened_at=row.at,
        place=place if row.there else None,
    )
