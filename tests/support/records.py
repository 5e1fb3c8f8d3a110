"""The records in memory: what tools read and change, for tests without Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from typing_extensions import override

from agents.language import folded, stems
from bot.company.file import ArticleFile
from bot.company.model import Company, Person
from bot.ports.records import Article, Effect, Filed, Grant, OutOfStock, Records
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from bot.protocol.values import OpenRequest

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


@dataclass(slots=True, kw_only=True)
class MemoryRecords(Records):
    """Implements the port on lists; one tenant's rows at a time are kept apart."""

    company: Company
    articles: Sequence[ArticleFile] = ()
    now: datetime = NOW
    rows: list[tuple[TenantId, Row]] = field(default_factory=list[tuple[TenantId, Row]])
    waiting: list[tuple[PersonId, OpenRequest]] = field(
        default_factory=list[tuple[PersonId, OpenRequest]]
    )
    withdrawn: list[ApprovalId] = field(default_factory=list[ApprovalId])

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
        wanted = folded(query)
        return [
            person
            for person in self.company.people
            if any(
                wanted in folded(value)
                for value in (
                    person.name,
                    person.email,
                    person.title,
                    person.department,
                )
            )
        ][:limit]

    # -------------------------------------------------------------------- reading

    @override
    async def search_knowledge(
        self, tenant: TenantId, query: str, *, limit: int = 3
    ) -> Sequence[Article]:
        wanted = set(stems(query))
        found = [
            (article, wanted & set(stems(f"{article.title} {article.body}")))
            for article in self.articles
        ]
        # As on Postgres: every word counts, none is required.
        hits = [(article, len(both)) for article, both in found if both]
        ranked = sorted(hits, key=lambda hit: (-hit[1], hit[0].ref))
        return [
            Article(
                ref=article.ref,
                title=article.title,
                owner=article.owner,
                updated=article.updated,
                body=article.body,
                rank=float(matches),
            )
            for article, matches in ranked[:limit]
        ]

    @override
    async def grants_of(self, tenant: TenantId, person: PersonId) -> Sequence[Grant]:
        return [
            Grant(
                person_id=row.person,
                resource_id=row.resource_id,
                grant=row.grant,
                granted_at=row.at,
                ends_at=row.ends_at,
            )
            for owner, row in reversed(self.rows)
            if owner == tenant
            and row.kind == "grant"
            and row.person == person
            and (row.ends_at is None or row.ends_at > self.now)
        ]

    @override
    async def seats_left(self, tenant: TenantId, resource_id: str) -> int | None:
        resource = self.company.resource(resource_id)
        if resource is None or resource.seats is None:
            return None
        return resource.seats - self._count(tenant, "seat", resource_id)

    @override
    async def stock_left(self, tenant: TenantId, resource_id: str) -> int | None:
        resource = self.company.resource(resource_id)
        if resource is None or resource.stock is None:
            return None
        return max(0, resource.stock - self._count(tenant, "order", resource_id))

    @override
    async def find_effect(self, tenant: TenantId, key: str) -> Effect | None:
        row = self._row(tenant, key)
        if row is None:
            return None
        return Effect(key=key, kind=row.kind, reference=row.reference, at=row.at)

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
        person: PersonId,
        resource_id: str,
        grant: str,
        ends_at: datetime | None,
        seat: bool,
    ) -> Filed:
        if before := self._row(tenant, key):
            return Filed(reference=before.reference, created=False)
        if seat and await self.seats_left(tenant, resource_id) == 0:
            raise OutOfStock(resource_id)
        row = Row(
            kind="grant",
            key=key,
            person=person,
            resource_id=resource_id,
            grant=grant,
            ends_at=ends_at,
        )
        filed = self._write(tenant, row, "GRT")
        if seat:
            self.rows.append(
                (tenant, replace(row, kind="seat", key=f"{key}/seat", at=self.now))
            )
        return filed

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
        return self._write(tenant, row, "WL")

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
    ) -> Filed:
        return self._write(tenant, Row(kind="ticket", key=key, person=person), "IT")

    @override
    async def withdraw_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId
    ) -> Literal["withdrawn", "not_open", "not_yours"]:
        for entry in self.waiting:
            if entry[1].approval_id == approval_id:
                if entry[0] != by:
                    return "not_yours"
                self.waiting.remove(entry)
                self.withdrawn.append(approval_id)
                return "withdrawn"
        return "not_open"

    # -------------------------------------------------------------------- its own

    def _row(self, tenant: TenantId, key: str) -> Row | None:
        return next((r for t, r in self.rows if t == tenant and r.key == key), None)

    def _count(self, tenant: TenantId, kind: str, resource_id: str) -> int:
        return sum(
            t == tenant and r.kind == kind and r.resource_id == resource_id
            for t, r in self.rows
        )

    def _write(self, tenant: TenantId, row: Row, prefix: str) -> Filed:
        if before := self._row(tenant, row.key):
            return Filed(reference=before.reference, created=False)
        number = sum(r.kind == row.kind for _, r in self.rows) + 1
        reference = f"{prefix}-{number}"
        self.rows.append((tenant, replace(row, reference=reference, at=self.now)))
        return Filed(reference=reference, created=True)
