"""The records in memory: what tools read and change, for tests without Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from typing_extensions import override

from agents.language import folded
from bot.company.file import ArticleFile
from bot.company.model import Company, Person
from bot.errors import EffectVoidedError, SystemUnsureError
from bot.knowledge.ask import Ask
from bot.ports.records import (
    Access,
    Effect,
    Filed,
    FiledTicket,
    Grant,
    OutOfStock,
    Passage,
    Place,
    Records,
)
from bot.ports.systems import Membership
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from bot.protocol.values import OpenRequest
from tests.support.shelf import Shelf

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One effect as it was written."""

    kind: str
    key: str
    person: PersonId
    resource_id: str = ""
    grant: str = ""
    ends_at: datetime | None = None
    reference: str = ""
    at: datetime = NOW
    where: Membership | None = None
    ours: bool = True
    seat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket says."""

    queue: str
    title: str
    body: str
    under: tuple[TenantId, str]
    """Whose it is, and its key."""
    place: Place | None = None


@dataclass(slots=True, kw_only=True)
class MemoryRecords(Records):
    """Implements the port on lists; one tenant's rows at a time are kept apart."""

    company: Company
    articles: Sequence[ArticleFile] = ()
    now: datetime = NOW
    rows: list[tuple[TenantId, Row]] = field(default_factory=list[tuple[TenantId, Row]])
    ledger: dict[tuple[TenantId, str], Effect] = field(
        default_factory=dict[tuple[TenantId, str], Effect]
    )
    """What happened under each key."""
    waiting: list[tuple[PersonId, OpenRequest]] = field(
        default_factory=list[tuple[PersonId, OpenRequest]]
    )
    withdrawn: list[ApprovalId] = field(default_factory=list[ApprovalId])
    tickets: list[Ticket] = field(default_factory=list[Ticket])
    changed: dict[ApprovalId, str] = field(default_factory=dict[ApprovalId, str])
    """What was to be changed about a request, in the requester's words."""
    reserved: dict[tuple[TenantId, str], Row] = field(
        default_factory=dict[tuple[TenantId, str], Row]
    )
    """What a system is asked for, by the call's key."""
    void: set[tuple[TenantId, str]] = field(default_factory=set[tuple[TenantId, str]])
    """Keys under which nothing happens any more."""

    def kinds(self) -> list[str]:
        """Return the kinds of everything written, in order."""
        return [row.kind for _, row in self.rows]

    # ------------------------------------------------------------------ directory

    @override
    async def find_person(self, tenant: TenantId, person_id: PersonId) -> Person | None:
        return self.company.person(person_id)

    @override
    async def search_people(
        self, tenant: TenantId, query: str, *, limit: int = 5
    ) -> Sequence[Person]:
        words = folded(query).split()
        if not words:
            return []
        found = [
            person
            for person in self.company.people
            for said in [
                folded(
                    f"{person.name} {person.email} {person.title} {person.department}"
                )
            ]
            if all(word in said for word in words)
        ]
        found.sort(key=lambda p: (not folded(p.name).startswith(words[0]), p.name))
        return found[:limit]

    # -------------------------------------------------------------------- reading

    @override
    async def search_knowledge(
        self, tenant: TenantId, ask: Ask, *, limit: int = 3
    ) -> Sequence[Passage]:
        return Shelf(self.articles).search(ask, limit)

    @override
    async def grants_of(self, tenant: TenantId, person: PersonId) -> Sequence[Grant]:
        return [
            _grant(row)
            for owner, row in reversed(self.rows)
            if owner == tenant
            and row.kind == "grant"
            and row.person == person
            and (row.ends_at is None or row.ends_at > self.now)
        ]

    @override
    async def find_grant(self, tenant: TenantId, reference: str) -> Grant | None:
        found = [
            row
            for owner, row in self.rows
            if owner == tenant and row.kind == "grant" and row.reference == reference
        ]
        return _grant(found[0]) if found else None

    @override
    async def seats_left(self, tenant: TenantId, resource_id: str) -> int | None:
        resource = self.company.resource(resource_id)
        if resource is None or resource.seats is None:
            return None
        return max(0, resource.seats - len(self._seated(tenant, resource_id)))

    @override
    async def stock_left(self, tenant: TenantId, resource_id: str) -> int | None:
        resource = self.company.resource(resource_id)
        if resource is None or resource.stock is None:
            return None
        return max(0, resource.stock - self._count(tenant, "order", resource_id))

    @override
    async def find_effect(self, tenant: TenantId, key: str) -> Effect | None:
        return self.ledger.get((tenant, key))

    @override
    async def settle_effect(self, tenant: TenantId, key: str) -> Effect | None:
        if reserved := self.reserved.get((tenant, key)):
            raise SystemUnsureError(str(reserved.where), "asked")
        if (tenant, key) not in self.ledger:
            self.void.add((tenant, key))
        return self.ledger.get((tenant, key))

    @override
    async def open_requests(
        self, tenant: TenantId, person: PersonId
    ) -> Sequence[OpenRequest]:
        return [request for who, request in self.waiting if who == person]

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
        if (tenant, key) in self.void:
            raise EffectVoidedError(key)
        if reserved := self.reserved.pop((tenant, key), None):
            ends_at = access.ends_at if reserved.ours else None
            return self._write(tenant, replace(reserved, ends_at=ends_at), "GRT")
        row = _row_of(
            key, access, where, ours=not where or self._is_ours(tenant, where)
        )
        if not ((tenant, key) in self.ledger or self._held(tenant, row)):
            await self._check_seat(tenant, access)
        filed = self._write(tenant, row, "GRT", held=self._held(tenant, row))
        if access.seat and filed.created:
            taken = replace(row, kind="seat", key=f"{key}/seat", at=self.now)
            self.rows.append((tenant, taken))
        return filed

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
        if before := self.reserved.get((tenant, key)):
            if before.where == where:
                return
            self.reserved[tenant, f"{key} {before.where}"] = before
        ours = not there or self._is_ours(tenant, where)
        if not there:
            gone = [r for r in self._of(tenant, where) if r.at < looked_at]
            self.rows = [(t, r) for t, r in self.rows if r not in gone]
        await self._check_seat(tenant, access)
        row = _row_of(key, access, where, ours=ours)
        self.reserved[tenant, key] = replace(row, seat=access.seat)

    async def _check_seat(self, tenant: TenantId, access: Access) -> None:
        full = access.seat and await self.seats_left(tenant, access.resource_id) == 0
        if full and access.person not in self._seated(tenant, access.resource_id):
            raise OutOfStock(access.resource_id)

    def _of(self, tenant: TenantId, where: Membership) -> list[Row]:
        return [
            row
            for owner, row in self.rows
            if owner == tenant and row.kind == "grant" and row.where == where
        ]

    def _is_ours(self, tenant: TenantId, where: Membership) -> bool:
        asked = [r for (t, _), r in self.reserved.items() if t == tenant]
        asked = [row for row in asked if row.where == where]
        return any(row.ours for row in (*self._of(tenant, where), *asked))

    @override
    async def release_access(self, tenant: TenantId, *, key: str) -> None:
        self.reserved.pop((tenant, key), None)

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
        row = Row(kind="order", key=key, person=person, resource_id=resource_id)
        return self._write(tenant, row, "ORD")

    @override
    async def join_waitlist(
        self, tenant: TenantId, *, key: str, person: PersonId, resource_id: str
    ) -> Filed:
        row = Row(kind="waitlist", key=key, person=person, resource_id=resource_id)
        waits = [
            r
            for t, r in self.rows
            if (t, r.kind, r.person, r.resource_id)
            == (tenant, "waitlist", person, resource_id)
        ]
        return self._write(tenant, row, "WL", held=waits[0] if waits else None)

    @override
    async def reset_password(
        self, tenant: TenantId, *, key: str, person: PersonId
    ) -> Filed:
        return self._write(tenant, Row(kind="reset", key=key, person=person), "PWD")

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
        row = Row(kind="ticket", key=key, person=person)
        filed = self._write(tenant, row, "IT")
        if filed.created:
            said = Ticket(queue=queue, title=title, body=body, under=(tenant, key))
            self.tickets.append(said)
        for at, one in enumerate(self.tickets):
            if place and one.under == (tenant, key) and not one.place:
                self.tickets[at] = replace(one, place=place)
        return filed

    @override
    async def ticket_under(self, tenant: TenantId, key: str) -> FiledTicket | None:
        found = [row for t, row in self.rows if (t, row.key) == (tenant, key)]
        return (
            self._filed(tenant, found[0])
            if found and found[0].kind == "ticket"
            else None
        )

    @override
    async def tickets_of(
        self, tenant: TenantId, person: PersonId, *, limit: int = 5
    ) -> Sequence[FiledTicket]:
        found = [
            self._filed(tenant, row)
            for t, row in self.rows
            if (t, row.kind, row.person) == (tenant, "ticket", person)
        ]
        return found[::-1][:limit]

    def _filed(self, tenant: TenantId, row: Row) -> FiledTicket:
        [said] = [one for one in self.tickets if one.under == (tenant, row.key)]
        return FiledTicket(
            reference=row.reference,
            queue=said.queue,
            title=said.title,
            opened_at=row.at,
            place=said.place,
        )

    @override
    async def withdraw_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId
    ) -> Literal["withdrawn", "not_open", "not_yours"]:
        if approval_id in self.withdrawn:
            return "withdrawn"
        taken = self._take_back(approval_id, by)
        if taken == "done":
            self.withdrawn.append(approval_id)
            return "withdrawn"
        return taken

    @override
    async def change_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId, change: str
    ) -> Literal["changed", "not_open", "not_yours"]:
        if self.changed.get(approval_id) == change:
            return "changed"
        taken = self._take_back(approval_id, by)
        if taken == "done":
            self.changed[approval_id] = change
            return "changed"
        return taken

    def _take_back(
        self, approval_id: ApprovalId, by: PersonId
    ) -> Literal["done", "not_open", "not_yours"]:
        for entry in self.waiting:
            if entry[1].approval_id == approval_id:
                if entry[0] != by:
                    return "not_yours"
                self.waiting.remove(entry)
                return "done"
        return "not_open"

    # -------------------------------------------------------------------- its own

    def _held(self, tenant: TenantId, wanted: Row) -> Row | None:
        """Return the grant that a person has already for as long."""
        for owner, row in self.rows:
            same = (row.kind, row.person, row.resource_id, row.grant) == (
                *("grant", wanted.person),
                *(wanted.resource_id, wanted.grant),
            )
            lasts = row.ends_at is None or (
                wanted.ends_at is not None and row.ends_at >= wanted.ends_at
            )
            if owner == tenant and same and lasts and row.where == wanted.where:
                return row
        return None

    def _seated(self, tenant: TenantId, resource_id: str) -> set[PersonId]:
        """Return who holds a seat now."""
        rows = [*self.rows, *((t, row) for (t, _), row in self.reserved.items())]
        return {
            row.person
            for owner, row in rows
            if owner == tenant
            and (row.kind == "seat" or row.seat)
            and row.resource_id == resource_id
            and (row.ends_at is None or row.ends_at > self.now or row.where)
        }

    def _count(self, tenant: TenantId, kind: str, resource_id: str) -> int:
        return sum(
            t == tenant and r.kind == kind and r.resource_id == resource_id
            for t, r in self.rows
        )

    def _write(
        self, tenant: TenantId, row: Row, prefix: str, *, held: Row | None = None
    ) -> Filed:
        if (tenant, row.key) in self.void:
            raise EffectVoidedError(row.key)
        if before := self.ledger.get((tenant, row.key)):
            return Filed(reference=before.reference, created=False)
        number = sum(r.kind == row.kind for _, r in self.rows) + 1
        reference = held.reference if held else f"{prefix}-{number}"
        self.ledger[tenant, row.key] = Effect(
            key=row.key, kind=row.kind, reference=reference, at=self.now
        )
        if held is None:
            made = replace(row, reference=reference, at=self.now)
            self.rows.append((tenant, made))
        return Filed(reference=reference, created=held is None)


def _grant(row: Row) -> Grant:
    return Grant(
        person_id=row.person,
        resource_id=row.resource_id,
        grant=row.grant,
        granted_at=row.at,
        ends_at=row.ends_at,
        ours=row.ours,
    )


def _row_of(key: str, access: Access, where: Membership | None, *, ours: bool) -> Row:
    return Row(
        kind="grant",
        key=key,
        person=access.person,
        resource_id=access.resource_id,
        grant=access.grant,
        ends_at=access.ends_at if ours else None,
        where=where,
        ours=ours,
    )
