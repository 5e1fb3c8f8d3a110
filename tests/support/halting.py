"""Records that stop at the moment of writing, and count what they write."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import override

from bot.ports.records import Access, Filed, Place
from bot.ports.systems import Membership
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from tests.support.records import MemoryRecords


@dataclass(slots=True, kw_only=True)
class HaltingRecords(MemoryRecords):
    """Writes only when let through; until then, hangs like a database that hangs."""

    let: asyncio.Event = field(default_factory=asyncio.Event)
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody wants to write."""
    writes: list[str] = field(default_factory=list[str])

    async def _arrive(self, what: str) -> None:
        self.writes.append(what)
        self.halted.set()
        await self.let.wait()

    @override
    async def grant_access(
        self,
        tenant: TenantId,
        *,
        key: str,
        access: Access,
        where: Membership | None = None,
    ) -> Filed:
        await self._arrive("grant")
        return await MemoryRecords.grant_access(
            self, tenant, key=key, access=access, where=where
        )

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
        await self._arrive("order")
        return await MemoryRecords.order_hardware(
            self,
            tenant,
            key=key,
            person=person,
            resource_id=resource_id,
            price=price,
            currency=currency,
        )

    @override
    async def join_waitlist(
        self, tenant: TenantId, *, key: str, person: PersonId, resource_id: str
    ) -> Filed:
        await self._arrive("waitlist")
        return await MemoryRecords.join_waitlist(
            self, tenant, key=key, person=person, resource_id=resource_id
        )

    @override
    async def reset_password(
        self, tenant: TenantId, *, key: str, person: PersonId
    ) -> Filed:
        await self._arrive("reset")
        return await MemoryRecords.reset_password(self, tenant, key=key, person=person)

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
        await self._arrive("ticket")
        return await MemoryRecords.open_ticket(
            self,
            tenant,
            key=key,
            person=person,
            queue=queue,
            title=title,
            body=body,
            place=place,
        )

    @override
    async def withdraw_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId
    ) -> Literal["withdrawn", "not_open", "not_yours"]:
        await self._arrive("withdrawal")
        return await MemoryRecords.withdraw_request(
            self, tenant, approval_id=approval_id, by=by
        )

    @override
    async def change_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId, change: str
    ) -> Literal["changed", "not_open", "not_yours"]:
        await self._arrive("change")
        return await MemoryRecords.change_request(
            self, tenant, approval_id=approval_id, by=by, change=change
        )
