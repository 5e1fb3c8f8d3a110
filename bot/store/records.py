"""The company's records on Postgres: the port that tools use.

With `bot.store.provisioning` the one place in the store that opens its own
transactions: each method that changes something is one; those that only look need
none. An effect, its row in the ledger and its audit row are committed together.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.company.model import Person
from bot.errors import SystemUnsureError
from bot.knowledge.ask import Ask
from bot.ports.records import (
    Access,
    Effect,
    Filed,
    FiledTicket,
    Grant,
    Passage,
    Place,
    Records,
)
from bot.ports.systems import Membership
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from bot.protocol.values import OpenRequest
from bot.store import holdings, knowledge, ledger, people, reservations, tickets
from bot.store.approvals import lock_approval, open_approvals_of
from bot.store.audit import record_audit
from bot.store.engine import begin, connect
from bot.store.schema import person
from bot.store.schema_records import password_reset
from bot.store.withdrawals import is_withdrawn, withdraw


class PostgresRecords(Records):
    """What tools read and change, on the same Postgres as everything else."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    # ------------------------------------------------------------------- reading

    @override
    async def find_person(self, tenant: TenantId, person_id: PersonId) -> Person | None:
        async with connect(self._engine) as conn:
            return await people.find_person(conn, tenant, person_id)

    @override
    async def search_people(
        self, tenant: TenantId, query: str, *, limit: int = 5
    ) -> Sequence[Person]:
        words = people.fold(query).split()
        if not words:
            return []
        begins = func.lower(person.c.name).startswith(words[0], autoescape=True)
        async with connect(self._engine) as conn:
            rows = await conn.execute(
                select(*people.PERSON)
                .where(
                    person.c.tenant_id == tenant,
                    person.c.active,
                    *(person.c.search.contains(w, autoescape=True) for w in words),
                )
                .order_by(case((begins, 0), else_=1), person.c.name)
                .limit(limit)
            )
            return [people.person_from(row) for row in rows.mappings()]

    @override
    async def search_knowledge(
        self, tenant: TenantId, ask: Ask, *, limit: int = 3
    ) -> Sequence[Passage]:
        async with connect(self._engine) as conn:
            return await knowledge.search(conn, tenant, ask, limit=limit)

    @override
    async def grants_of(self, tenant: TenantId, person: PersonId) -> Sequence[Grant]:
        async with connect(self._engine) as conn:
            return await holdings.grants_of(conn, tenant, person)

    @override
    async def find_grant(self, tenant: TenantId, reference: str) -> Grant | None:
        async with connect(self._engine) as conn:
            return await holdings.find_grant(conn, tenant, reference)

    @override
    async def seats_left(self, tenant: TenantId, resource_id: str) -> int | None:
        async with connect(self._engine) as conn:
            return await holdings.seats_left(conn, tenant, resource_id)

    @override
    async def stock_left(self, tenant: TenantId, resource_id: str) -> int | None:
        async with connect(self._engine) as conn:
            return (await holdings.look_at(conn, tenant, resource_id)).stock

    @override
    async def find_effect(self, tenant: TenantId, key: str) -> Effect | None:
        async with connect(self._engine) as conn:
            return await ledger.find_effect(conn, tenant, key)

    @override
    async def settle_effect(self, tenant: TenantId, key: str) -> Effect | None:
        async with begin(self._engine) as conn:
            system = await reservations.asked_of(conn, tenant, key)
            if system:
                raise SystemUnsureError(system, "asked, and not heard of since")
            return await ledger.settle_effect(conn, tenant, key)

    @override
    async def open_requests(
        self, tenant: TenantId, person: PersonId
    ) -> Sequence[OpenRequest]:
        async with connect(self._engine) as conn:
            rows = await open_approvals_of(conn, tenant, person)
            return [row.open_request for row in rows]

    # ------------------------------------------------------------------- changing

    @override
    async def grant_access(
        self,
        tenant: TenantId,
        *,
        key: str,
        access: Access,
        where: Membership | None = None,
    ) -> Filed:
        async def give(conn: AsyncConnection) -> Filed:
            reserved = await reservations.confirm(
                conn, tenant, key, ends_at=access.ends_at
            )
            return reserved or await holdings.give_access(conn, tenant, access, where)

        return await self._once(
            tenant,
            key,
            "grant",
            give,
            person=access.person,
            subject=access.resource_id,
            detail={
                "grant": access.grant,
                "seat": access.seat,
                "ends_at": access.ends_at and access.ends_at.isoformat(),
            },
        )

    @override
    async def reserve_access(
        self,
        tenant: TenantId,
        *,
        key: str,
        access: Access,
        where: Membership,
        there: bool,
        looked_at: datetime,
    ) -> None:
        async with begin(self._engine) as conn:
            await reservations.reserve(
                conn,
                tenant,
                key=key,
                access=access,
                where=where,
                there=there,
                looked_at=looked_at,
            )

    @override
    async def release_access(self, tenant: TenantId, *, key: str) -> None:
        async with begin(self._engine) as conn:
            await reservations.release(conn, tenant, key)

    @override
    async def order_hardware(
        self,
        tenant: TenantId,
        *,
        key: str,
        person: PersonId,
        resource_id: str,
        price: float,
        currency: str,
    ) -> Filed:
        return await self._once(
            tenant,
            key,
            "order",
            lambda conn: holdings.place_order(
                conn,
                tenant,
                person=person,
                resource_id=resource_id,
                price=price,
                currency=currency,
            ),
            person=person,
            subject=resource_id,
            detail={"price": price, "currency": currency},
        )

    @override
    async def join_waitlist(
        self, tenant: TenantId, *, key: str, person: PersonId, resource_id: str
    ) -> Filed:
        return await self._once(
            tenant,
            key,
            "waitlist",
            lambda conn: holdings.queue_up(
                conn, tenant, person=person, resource_id=resource_id
            ),
            person=person,
            subject=resource_id,
            detail={},
        )

    @override
    async def reset_password(
        self, tenant: TenantId, *, key: str, person: PersonId
    ) -> Filed:
        async def reset(conn: AsyncConnection) -> Filed:
            reference = await ledger.next_reference(conn, tenant, "PW")
            await conn.execute(
                insert(password_reset).values(
                    tenant_id=tenant, reference=reference, person_id=person
                )
            )
            return Filed(reference=reference, created=True)

        return await self._once(
            tenant, key, "reset", reset, person=person, subject=person, detail={}
        )

    @override
    async def open_ticket(
        self,
        tenant: TenantId,
        *,
        key: str,
        person: PersonId,
        queue: str,
        title: str,
        body: str,
        place: Place | None = None,
    ) -> Filed:
        async def file(conn: AsyncConnection) -> Filed:
            reference = await tickets.write_ticket(
                conn,
                tenant,
                person=person,
                queue=queue,
                title=title,
                body=body,
                place=place,
            )
            return Filed(reference=reference, created=True)

        filed = await self._once(
            tenant,
            key,
            "ticket",
            file,
            person=person,
            subject=title,
            detail={"queue": queue, **({"there": place.reference} if place else {})},
        )
        if place and not filed.created:
            async with begin(self._engine) as conn:
                await tickets.place_ticket(conn, tenant, filed.reference, place)
        return filed

    @override
    async def ticket_under(self, tenant: TenantId, key: str) -> FiledTicket | None:
        async with connect(self._engine) as conn:
            return await tickets.ticket_under(conn, tenant, key)

    @override
    async def tickets_of(
        self, tenant: TenantId, person: PersonId, *, limit: int = 5
    ) -> Sequence[FiledTicket]:
        async with connect(self._engine) as conn:
            return await tickets.tickets_of(conn, tenant, person, limit)

    async def _once(
        self,
        tenant: TenantId,
        key: str,
        kind: str,
        change: Callable[[AsyncConnection], Awaitable[Filed]],
        *,
        person: PersonId,
        subject: str,
        detail: dict[str, JsonValue],
    ) -> Filed:
        """Make the change, its ledger row and its audit row in one transaction."""
        async with begin(self._engine) as conn:

            async def make() -> Filed:
                filed = await change(conn)
                if filed.created:
                    await record_audit(
                        conn,
                        tenant,
                        who=person,
                        what=f"{kind}.made",
                        subject=subject,
                        detail={"key": key, "reference": filed.reference, **detail},
                    )
                return filed

            return await ledger.once(conn, tenant, key=key, kind=kind, effect_of=make)

    # ---------------------------------------------------------------- withdrawing

    @override
    async def withdraw_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId
    ) -> Literal["withdrawn", "not_open", "not_yours"]:
        taken = await self._take_back(tenant, approval_id, by)
        return "withdrawn" if taken == "done" else taken

    @override
    async def change_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId, change: str
    ) -> Literal["changed", "not_open", "not_yours"]:
        taken = await self._take_back(tenant, approval_id, by, change=change)
        return "changed" if taken == "done" else taken

    async def _take_back(
        self,
        tenant: TenantId,
        approval_id: ApprovalId,
        by: PersonId,
        *,
        change: str = "",
    ) -> Literal["done", "not_open", "not_yours"]:
        async with begin(self._engine) as conn:
            row = await lock_approval(conn, tenant, approval_id)
            if row is None:
                return "not_open"
            if row.requester_id != by:
                return "not_yours"
            if row.status == "open":
                await withdraw(conn, row, change=change)
                return "done"
            # By an earlier try of the same call?
            again = await is_withdrawn(conn, row, change=change)
            return "done" if again else "not_open"
