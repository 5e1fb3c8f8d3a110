"""What tests of records begin with: an office on Postgres or in memory, and effects."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports.records import Access, Filed, Records
from bot.protocol.ids import ApprovalId, CallId, PersonId, TenantId, TurnId
from bot.protocol.values import Approver, Fact, OpenRequest, Stage
from bot.store.approvals import save_approval
from bot.store.engine import begin
from bot.store.people import sync_company
from bot.store.records import PostgresRecords
from tests.support.records import NOW, MemoryRecords
from tests.support.store import TENANT, address, claim, send, start
from tests.support.workshop import ARTICLES, DRAW, MAYA, PRIYA, SCREEN, WORKSHOP

OTHER = TenantId("somebody-else")
MONTHS = timedelta(days=90)
STAGE = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=60
)


KINDS = ("postgres", "memory")
"""Every implementation of the port."""

Doing: TypeAlias = Callable[[Records, str], Coroutine[Any, Any, Filed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Records, and what else the suite needs around them."""

    records: Records
    now: datetime
    ask: Callable[[str, PersonId], Awaitable[ApprovalId]]
    """Leaves an open request for a subject by a person."""


async def postgres_office(engine: AsyncEngine) -> Office:
    async with begin(engine) as conn:
        for tenant in (TENANT, OTHER):
            await sync_company(conn, tenant, WORKSHOP, ARTICLES)

    async def ask(subject: str, person: PersonId) -> ApprovalId:
        to = address()
        await send(engine, to)
        held = await claim(engine, to.conversation_id)
        assert held is not None
        turn = await start(engine, held, f"turn of {subject}")
        approval = ApprovalId(f"approval of {subject}")
        async with begin(engine) as conn:
            await save_approval(
                conn,
                tenant_id=TENANT,
                approval_id=approval,
                turn_id=turn,
                conversation_id=to.conversation_id,
                call_id=CallId("c1"),
                requester_id=person,
                subject=subject,
                facts=(Fact(label="What", value=subject),),
                args_hash="hash",
                policy="a rule",
                stages=(STAGE,),
                stage=0,
                status="open",
                expires_at=NOW + MONTHS,
            )
        return approval

    async with begin(engine) as conn:
        now = await conn.scalar(select(func.now()))
    assert isinstance(now, datetime)
    return Office(records=PostgresRecords(engine), now=now, ask=ask)


def memory_office() -> Office:
    records = MemoryRecords(company=WORKSHOP, articles=ARTICLES)

    async def ask(subject: str, person: PersonId) -> ApprovalId:
        approval = ApprovalId(f"approval of {subject}")
        request = OpenRequest(
            approval_id=approval,
            turn_id=TurnId(f"turn of {subject}"),
            subject=subject,
            waiting_for=("Priya",),
        )
        records.waiting.append((person, request))
        return approval

    return Office(records=records, now=records.now, ask=ask)


async def give(
    records: Records,
    key: str,
    person: PersonId = MAYA,
    *,
    grant: str = "editor",
    ends_at: datetime | None = None,
    seat: bool = True,
    tenant: TenantId = TENANT,
) -> Filed:
    return await records.grant_access(
        tenant,
        key=key,
        access=Access(
            person=person, resource_id=DRAW, grant=grant, ends_at=ends_at, seat=seat
        ),
    )


async def order(records: Records, key: str) -> Filed:
    return await records.order_hardware(
        TENANT, key=key, person=MAYA, resource_id=SCREEN, price=350, currency="EUR"
    )


async def queue(records: Records, key: str, person: PersonId = MAYA) -> Filed:
    return await records.join_waitlist(
        TENANT, key=key, person=person, resource_id=SCREEN
    )


async def reset(records: Records, key: str) -> Filed:
    return await records.reset_password(TENANT, key=key, person=MAYA)


async def ticket(records: Records, key: str) -> Filed:
    return await records.open_ticket(
        TENANT, key=key, person=MAYA, queue="it", title="Help", body="Please."
    )


EFFECTS: Mapping[str, Doing] = {
    "grant": give,
    "order": order,
    "waitlist": queue,
    "reset": reset,
    "ticket": ticket,
}


async def office_of(kind: str, engine: AsyncEngine) -> Office:
    """Return an office of one of the `KINDS`."""
    return await postgres_office(engine) if kind == "postgres" else memory_office()
