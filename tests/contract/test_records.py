"""What every `bot.ports.records.Records` must do: on Postgres, and in memory."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports.records import Filed, OutOfStock, Records
from bot.protocol.ids import ApprovalId, CallId, PersonId, TenantId, TurnId
from bot.protocol.values import Approver, Fact, OpenRequest, Stage
from bot.store.approvals import save_approval
from bot.store.engine import begin
from bot.store.people import sync_company
from bot.store.records import PostgresRecords
from tests.support.records import NOW, MemoryRecords
from tests.support.store import TENANT, address, all_of, claim, send, start
from tests.support.workshop import (
    ARTICLES,
    DRAW,
    ELENA,
    MAYA,
    OMAR,
    PRIYA,
    REPO,
    SCREEN,
    SEATS,
    STOCK,
    WORKSHOP,
)

OTHER = TenantId("somebody-else")
DAY = timedelta(days=1)
MONTHS = timedelta(days=90)
STAGE = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=60
)


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


def memory() -> Office:
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


@pytest.fixture(params=["postgres", "memory"])
async def office(request: pytest.FixtureRequest, engine: AsyncEngine) -> Office:
    return await postgres_office(engine) if request.param == "postgres" else memory()


@pytest.fixture
def records(office: Office) -> Records:
    return office.records


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
        person=person,
        resource_id=DRAW,
        grant=grant,
        ends_at=ends_at,
        seat=seat,
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


# ----------------------------------------------------------------------- any effect


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS.keys())
async def test_the_same_key_again_gives_the_first_result(
    records: Records, effect: Doing
) -> None:
    first = await effect(records, "k")
    assert first.created
    assert first.reference
    again = await effect(records, "k")
    assert again == Filed(reference=first.reference, created=False)


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS.keys())
async def test_a_key_used_many_times_at_once_has_one_effect(
    records: Records, effect: Doing
) -> None:
    filed = await all_of(effect(records, "k") for _ in range(8))
    assert sum(one.created for one in filed) == 1
    assert len({one.reference for one in filed}) == 1


@pytest.mark.parametrize("kind", EFFECTS)
async def test_what_happened_under_a_key_can_be_looked_up(
    records: Records, kind: str
) -> None:
    assert await records.find_effect(TENANT, "k") is None
    filed = await EFFECTS[kind](records, "k")
    found = await records.find_effect(TENANT, "k")
    assert found is not None
    assert (found.key, found.kind, found.reference) == ("k", kind, filed.reference)
    assert await records.find_effect(TENANT, "another") is None
    assert await records.find_effect(OTHER, "k") is None


@pytest.mark.parametrize("effect", [order, reset, ticket])
async def test_another_key_is_another_effect(records: Records, effect: Doing) -> None:
    first, second = await effect(records, "k1"), await effect(records, "k2")
    assert second.created
    assert first.reference != second.reference


# --------------------------------------------------------------------------- access


async def test_access_that_was_given_is_there_newest_first(
    office: Office, records: Records
) -> None:
    ends = office.now + DAY
    await give(records, "k1", grant="viewer")
    await give(records, "k2", grant="editor", ends_at=ends)
    grants = await records.grants_of(TENANT, MAYA)
    assert [(g.resource_id, g.grant, g.ends_at) for g in grants] == [
        (DRAW, "editor", ends),
        (DRAW, "viewer", None),
    ]
    assert {grant.person_id for grant in grants} == {MAYA}
    assert await records.grants_of(TENANT, OMAR) == []
    assert await records.grants_of(OTHER, MAYA) == []


async def test_access_that_has_ended_is_not_in_force(
    office: Office, records: Records
) -> None:
    await give(records, "k1", ends_at=office.now - DAY)
    assert await records.grants_of(TENANT, MAYA) == []
    assert await records.seats_left(TENANT, DRAW) == SEATS
    assert (await give(records, "k2", ends_at=office.now + DAY)).created


async def test_access_that_a_person_has_is_not_given_twice(
    office: Office, records: Records
) -> None:
    first = await give(records, "k1", ends_at=office.now + 2 * DAY)
    again = await give(records, "k2", ends_at=office.now + DAY)
    assert again == Filed(reference=first.reference, created=False)
    longer = await give(records, "k3", ends_at=None)
    assert longer.created
    assert not (await give(records, "k4", ends_at=office.now + DAY)).created


async def test_seats_run_out(records: Records) -> None:
    assert await records.seats_left(TENANT, DRAW) == SEATS
    await give(records, "k1", MAYA)
    await give(records, "k2", OMAR)
    assert await records.seats_left(TENANT, DRAW) == 0
    with pytest.raises(OutOfStock):
        await give(records, "k3", ELENA)
    assert await records.find_effect(TENANT, "k3") is None
    assert await records.grants_of(TENANT, ELENA) == []
    assert (await give(records, "k3", ELENA, seat=False)).created


async def test_who_has_a_seat_needs_no_second_one(records: Records) -> None:
    await give(records, "k1", MAYA, grant="viewer")
    await give(records, "k2", OMAR, grant="viewer")
    assert (await give(records, "k3", MAYA, grant="editor")).created
    assert await records.seats_left(TENANT, DRAW) == 0


async def test_a_tenants_seats_are_its_own(records: Records) -> None:
    await give(records, "k1", tenant=OTHER)
    assert await records.seats_left(TENANT, DRAW) == SEATS
    assert (await give(records, "k1")).created


# ------------------------------------------------------------------------- hardware


async def test_orders_take_from_stock_and_go_on_without(records: Records) -> None:
    assert await records.stock_left(TENANT, SCREEN) == STOCK
    for number in range(STOCK + 1):
        assert (await order(records, f"k{number}")).created
    assert await records.stock_left(TENANT, SCREEN) == 0


async def test_a_person_is_on_the_waiting_list_once(records: Records) -> None:
    first = await queue(records, "k1")
    again = await queue(records, "k2")
    assert again == Filed(reference=first.reference, created=False)
    other = await queue(records, "k3", OMAR)
    assert other.created
    assert other.reference != first.reference


async def test_what_is_not_counted_is_not_counted(records: Records) -> None:
    assert await records.seats_left(TENANT, REPO) is None
    assert await records.stock_left(TENANT, REPO) is None
    assert await records.seats_left(TENANT, "no/such") is None
    assert await records.stock_left(TENANT, "no/such") is None


# --------------------------------------------------------------- people, knowledge


async def test_a_person_is_found_by_id(records: Records) -> None:
    found = await records.find_person(TENANT, MAYA)
    assert found == WORKSHOP.person(MAYA)
    assert await records.find_person(TENANT, PersonId("nobody")) is None


@pytest.mark.parametrize(
    ("query", "people"),
    [
        ("maya", {"maya"}),
        ("ELENA", {"elena"}),
        ("priya nair", {"priya"}),
        ("nair manager", {"priya"}),
        ("omar@workshop", {"omar"}),
        ("guard", {"elena", "sam"}),
        ("security", {"elena", "sam"}),
        ("%", set[str]()),
        ("", set[str]()),
        (" ", set[str]()),
        ("zebra", set[str]()),
    ],
)
async def test_people_are_found_by_every_word_whatever_its_accents(
    records: Records, query: str, people: set[str]
) -> None:
    assert {p.id for p in await records.search_people(TENANT, query)} == people


async def test_whose_name_begins_so_comes_first(records: Records) -> None:
    found = await records.search_people(TENANT, "ma")
    assert found[0].id == MAYA
    assert len(found) > 1
    assert len(await records.search_people(TENANT, "workshop", limit=2)) == 2


async def test_a_question_finds_its_article_first(records: Records) -> None:
    for question, ref in (
        ("How do I connect to the VPN?", "vpn"),
        ("how can I reset my password", "password"),
        ("How many days of leave do I have?", "leave"),
    ):
        found = await records.search_knowledge(TENANT, question)
        assert found[0].ref == ref
        assert found[0].rank >= found[-1].rank > 0
    [best] = await records.search_knowledge(TENANT, "VPN password", limit=1)
    assert best.body


async def test_a_question_about_nothing_finds_nothing(records: Records) -> None:
    for question in ("", "xyzzy", "' & | ! <-> :*"):
        assert not await records.search_knowledge(TENANT, question)


# ------------------------------------------------------------------------- requests


async def test_open_requests_are_told_oldest_first(
    office: Office, records: Records
) -> None:
    for subject in ("a seat", "a screen"):
        await office.ask(subject, MAYA)
    await office.ask("a repository", OMAR)
    told = await records.open_requests(TENANT, MAYA)
    assert [one.subject for one in told] == ["a seat", "a screen"]
    assert told[0].waiting_for == ("Priya",)
    assert told[0].turn_id == "turn of a seat"


async def test_a_request_is_withdrawn_once_and_by_who_made_it(
    office: Office, records: Records
) -> None:
    approval = await office.ask("a seat", MAYA)

    async def withdraw(by: PersonId, tenant: TenantId = TENANT) -> str:
        return await records.withdraw_request(tenant, approval_id=approval, by=by)

    assert await withdraw(PRIYA) == "not_yours"
    assert len(await records.open_requests(TENANT, MAYA)) == 1
    assert await withdraw(MAYA) == "withdrawn"
    assert await withdraw(MAYA) == "withdrawn"  # a repeated call of the same turn
    assert not await records.open_requests(TENANT, MAYA)
    unknown = ApprovalId("unknown")
    answer = await records.withdraw_request(TENANT, approval_id=unknown, by=MAYA)
    assert answer == "not_open"
