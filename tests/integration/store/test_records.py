"""Records: each effect once per key, nothing oversold, and everything on the audit."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Table, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.company.file import ArticleFile, load_articles, load_company
from bot.engine.letters import letter_of
from bot.knowledge.ask import Term
from bot.ports.records import Access, Filed, OutOfStock
from bot.protocol.events import ApprovalDecided
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from bot.store.approvals import decisions_of, lock_approval
from bot.store.engine import begin
from bot.store.mailbox import read_mail
from bot.store.people import sync_company
from bot.store.records import PostgresRecords
from bot.store.schema_records import access_grant, audit, hardware_order, resource
from bot.view import wording
from tests.integration.store.test_approvals import APPROVAL, ASKER, ask
from tests.support.store import TENANT, all_of, somebody_waits

SAMPLE = Path(__file__).parents[3] / "adapters/simulator/acme/company.toml"
MAYA = PersonId("maya.chen")
OTHER = TenantId("other")
FIGMA = "app/figma"
LAPTOP = "hw/laptop-14"
MONITOR = "hw/monitor-27"


@pytest_asyncio.fixture
async def records(engine: AsyncEngine) -> AsyncIterator[PostgresRecords]:
    company = load_company(SAMPLE)
    async with begin(engine) as conn:
        await sync_company(conn, TENANT, company, load_articles(company, SAMPLE))
    yield PostgresRecords(engine)


async def seat(
    records: PostgresRecords, key: str, person: str = MAYA, grant: str = "editor"
) -> Filed:
    return await records.grant_access(
        TENANT,
        key=key,
        access=Access(
            person=PersonId(person), resource_id=FIGMA, grant=grant, seat=True
        ),
    )


async def order(records: PostgresRecords, key: str, resource_id: str) -> Filed:
    return await records.order_hardware(
        TENANT,
        key=key,
        person=MAYA,
        resource_id=resource_id,
        price=1650,
        currency="EUR",
    )


async def limit_seats(engine: AsyncEngine, seats: int) -> None:
    async with begin(engine) as conn:
        await conn.execute(
            update(resource).where(resource.c.resource_id == FIGMA).values(seats=seats)
        )


async def rows_of(engine: AsyncEngine, table: Table) -> int | None:
    async with begin(engine) as conn:
        return await conn.scalar(select(func.count()).select_from(table))


async def test_a_key_used_twenty_times_at_once_has_one_effect(
    engine: AsyncEngine, records: PostgresRecords
):
    filed = await all_of(order(records, "k", LAPTOP) for _ in range(20))
    assert sum(one.created for one in filed) == 1
    assert {one.reference for one in filed} == {"ORD-1001"}
    assert await records.stock_left(TENANT, LAPTOP) == 5
    assert await rows_of(engine, audit) == 1


async def test_every_kind_of_effect_is_once_per_key(records: PostgresRecords):
    async def everything() -> list[Filed]:
        return [
            await seat(records, "k1"),
            await order(records, "k2", MONITOR),
            await records.join_waitlist(
                TENANT, key="k3", person=MAYA, resource_id=MONITOR
            ),
            await records.reset_password(TENANT, key="k4", person=MAYA),
            await records.open_ticket(
                TENANT, key="k5", person=MAYA, queue="it", title="T\x00", body="B\x00"
            ),
        ]

    first = await everything()
    assert [f.reference for f in first] == ["GR-1", "ORD-1001", "WL-1", "PW-1", "IT-1"]
    assert all(f.created for f in first)
    again = await everything()
    assert [f.reference for f in again] == [f.reference for f in first]
    assert not any(f.created for f in again)


async def test_the_ledger_tells_what_happened_under_a_key(records: PostgresRecords):
    await order(records, "k", LAPTOP)
    found = await records.find_effect(TENANT, "k")
    assert found is not None
    assert (found.kind, found.reference) == ("order", "ORD-1001")
    assert await records.find_effect(TENANT, "nothing") is None
    assert await records.find_effect(OTHER, "k") is None


async def test_the_last_seat_is_given_once(
    engine: AsyncEngine, records: PostgresRecords
):
    await limit_seats(engine, 1)
    people = [p.id for p in load_company(SAMPLE).people]

    async def try_for(person: PersonId) -> bool:
        try:
            return (await seat(records, f"k-{person}", person)).created
        except OutOfStock:
            return False

    assert sum(await all_of(try_for(person) for person in people)) == 1
    assert await records.seats_left(TENANT, FIGMA) == 0
    assert await rows_of(engine, access_grant) == 1


async def test_who_got_no_seat_left_nothing_behind(
    engine: AsyncEngine, records: PostgresRecords
):
    await limit_seats(engine, 0)
    with pytest.raises(OutOfStock):
        await seat(records, "k")
    assert await records.find_effect(TENANT, "k") is None
    assert await records.grants_of(TENANT, MAYA) == []
    await limit_seats(engine, 1)
    assert (await seat(records, "k")).reference == "GR-1"


async def test_who_has_a_seat_needs_no_second_one(
    engine: AsyncEngine, records: PostgresRecords
):
    await limit_seats(engine, 1)
    await seat(records, "k1", grant="viewer")
    assert (await seat(records, "k2", grant="editor")).created
    assert await records.seats_left(TENANT, FIGMA) == 0


async def test_access_that_a_person_has_is_not_given_twice(records: PostgresRecords):
    first = await seat(records, "k1")
    assert await seat(records, "k2") == Filed(reference=first.reference, created=False)
    assert len(await records.grants_of(TENANT, MAYA)) == 1


async def test_access_that_has_ended_is_over_and_can_be_given_again(
    engine: AsyncEngine, records: PostgresRecords
):
    async def until(key: str, ends_at: datetime) -> Filed:
        return await records.grant_access(
            TENANT,
            key=key,
            access=Access(
                person=MAYA,
                resource_id=FIGMA,
                grant="editor",
                ends_at=ends_at,
                seat=True,
            ),
        )

    async with begin(engine) as conn:
        now = await conn.scalar(select(func.now()))
    assert isinstance(now, datetime)
    await until("k1", now - timedelta(hours=1))
    assert await records.grants_of(TENANT, MAYA) == []
    assert await records.seats_left(TENANT, FIGMA) == 40
    assert (await until("k2", now + timedelta(hours=1))).created
    assert not (await until("k3", now + timedelta(minutes=1))).created
    assert (await until("k4", now + timedelta(hours=8))).created
    [newest, _] = await records.grants_of(TENANT, MAYA)
    assert newest.ends_at == (now + timedelta(hours=8)).astimezone(UTC)


async def test_the_last_piece_on_the_shelf_is_taken_once(
    engine: AsyncEngine, records: PostgresRecords
):
    await all_of(order(records, f"k{n}", LAPTOP) for n in range(8))
    assert await records.stock_left(TENANT, LAPTOP) == 0
    async with begin(engine) as conn:
        taken = await conn.scalars(select(hardware_order.c.from_stock))
        assert sorted(taken) == [False] * 2 + [True] * 6


async def test_orders_at_once_are_numbered_without_gaps(records: PostgresRecords):
    filed = await all_of(order(records, f"k{n}", MONITOR) for n in range(10))
    numbers = sorted(int(one.reference.removeprefix("ORD-")) for one in filed)
    assert numbers == list(range(1001, 1011))


async def test_a_person_is_on_the_waiting_list_once(records: PostgresRecords):
    async def join(key: str) -> Filed:
        return await records.join_waitlist(
            TENANT, key=key, person=MAYA, resource_id=MONITOR
        )

    filed = await all_of(join(f"k{n}") for n in range(6))
    assert sum(one.created for one in filed) == 1
    assert {one.reference for one in filed} == {"WL-1"}


async def test_what_is_not_counted_is_not_counted(records: PostgresRecords):
    assert await records.seats_left(TENANT, "group/vpn") is None
    assert await records.stock_left(TENANT, FIGMA) is None
    assert await records.seats_left(OTHER, FIGMA) is None


async def test_knowledge_of_another_tenant_is_not_found(
    engine: AsyncEngine, records: PostgresRecords
):
    async with begin(engine) as conn:
        company = load_company(SAMPLE)
        secret = ArticleFile(
            ref="secret", title="VPN VPN", owner="", updated="", body="Zebracrossing"
        )
        await sync_company(conn, OTHER, company, [secret])
    ask = (Term(said="vpn", phrases=(("vpn",),)),)
    found = await records.search_knowledge(TENANT, ask, limit=20)
    assert "vpn" in {one.ref for one in found}
    assert "secret" not in {one.ref for one in found}
    misspelt = (Term(said="zebracrossin", phrases=(("zebracrossin",),)),)
    assert not await records.search_knowledge(TENANT, misspelt)
    assert await records.search_knowledge(OTHER, misspelt)


async def test_people_are_found_by_any_word_without_accents(records: PostgresRecords):
    async def names(query: str) -> list[str]:
        return [p.id for p in await records.search_people(TENANT, query)]

    assert await names("tomas") == ["tomas.ruiz"]
    assert await names("ENGINEERING manager") == ["tomas.ruiz"]
    assert await names("priya.nair@acme") == ["priya.nair"]
    assert await names("%") == []
    assert await names(" ") == []
    assert len(await records.search_people(TENANT, "a", limit=3)) == 3


async def test_a_withdrawn_request_tells_its_turn(
    engine: AsyncEngine, records: PostgresRecords
):
    held, _ = await ask(engine)
    assert (
        await records.withdraw_request(TENANT, approval_id=APPROVAL, by=ASKER)
        == "withdrawn"
    )
    async with begin(engine) as conn:
        mail = (await read_mail(conn, held))[-1]
        row = await lock_approval(conn, TENANT, APPROVAL)
    assert row is not None
    assert row.status == "withdrawn"
    assert mail.kind == "withdrawn"
    body = json.loads(mail.body)
    assert (body["person_id"], body["turn_id"]) == (ASKER, "t")
    decided = ApprovalDecided.model_validate(body["decision"])
    assert (decided.verdict, decided.by) == ("withdrawn", ASKER)
    assert await records.open_requests(TENANT, ASKER) == []


async def test_a_request_is_withdrawn_once_and_only_by_who_made_it(
    engine: AsyncEngine, records: PostgresRecords
):
    await ask(engine)

    async def withdraw(approval: str, by: str, tenant: TenantId = TENANT) -> str:
        return await records.withdraw_request(
            tenant, approval_id=ApprovalId(approval), by=PersonId(by)
        )

    assert await withdraw(APPROVAL, "priya") == "not_yours"
    assert await withdraw("unknown", ASKER) == "not_open"
    assert await withdraw(APPROVAL, ASKER, OTHER) == "not_open"
    [open_request] = await records.open_requests(TENANT, ASKER)
    assert open_request.approval_id == APPROVAL
    at_once = await all_of(withdraw(APPROVAL, ASKER) for _ in range(5))
    assert set(at_once) == {"withdrawn"}  # a repeated call is told the same
    async with begin(engine) as conn:
        mailed = "SELECT count(*) FROM mailbox WHERE kind = 'withdrawn'"
        told = await conn.scalar(text(mailed))
        ruled = await conn.scalar(text("SELECT count(*) FROM decision"))
    assert (told, ruled) == (1, 1)


async def changed(records: PostgresRecords, change: str = "viewer is enough") -> str:
    return await records.change_request(
        TENANT, approval_id=APPROVAL, by=ASKER, change=change
    )


async def test_a_changed_request_tells_its_turn_what_to_change(
    engine: AsyncEngine, records: PostgresRecords
):
    held, _ = await ask(engine)
    assert await changed(records, "viewer is enough\x00") == "changed"
    async with begin(engine) as conn:
        mail = (await read_mail(conn, held))[-1]
        row = await lock_approval(conn, TENANT, APPROVAL)
        [ruled] = await decisions_of(conn, TENANT, APPROVAL)
        [[what, detail]] = await conn.execute(select(audit.c.what, audit.c.detail))
    assert row is not None
    assert row.status == "withdrawn"
    assert (ruled.verdict, ruled.reason) == ("withdrawn", wording.CHANGED_REASON)
    assert (what, detail["approval_id"]) == ("approval.changed", APPROVAL)
    letter = letter_of(mail)
    assert (mail.kind, letter.kind) == ("withdrawn", "withdrawn")
    assert letter.text.startswith("viewer is enough")
    assert detail["change"] == letter.text
    assert (letter.person_id, letter.turn_id) == (ASKER, "t")
    decided = ApprovalDecided.model_validate(letter.decision)
    assert (decided.verdict, decided.by) == ("withdrawn", ASKER)
    assert decided.reason == wording.CHANGED_REASON


async def test_a_plain_withdrawal_asks_for_no_change(
    engine: AsyncEngine, records: PostgresRecords
):
    held, _ = await ask(engine)
    await records.withdraw_request(TENANT, approval_id=APPROVAL, by=ASKER)
    async with begin(engine) as conn:
        letter = letter_of((await read_mail(conn, held))[-1])
    assert letter.text == ""
    assert letter.decision["reason"] == ""


async def test_of_changes_and_withdrawals_at_once_one_counts_and_is_told_once(
    engine: AsyncEngine, records: PostgresRecords
):
    await ask(engine)
    at_once = await all_of(
        doing
        for _ in range(3)
        for doing in (
            changed(records, "viewer is enough"),
            changed(records, "a laptop instead"),
            records.withdraw_request(TENANT, approval_id=APPROVAL, by=ASKER),
        )
    )
    assert sorted(at_once).count("not_open") == 6
    assert len(set(at_once)) == 2
    async with begin(engine) as conn:
        mailed = "SELECT count(*) FROM mailbox WHERE kind = 'withdrawn'"
        told = await conn.scalar(text(mailed))
        ruled = await conn.scalar(text("SELECT count(*) FROM decision"))
        audited = await conn.scalar(text("SELECT count(*) FROM audit"))
    assert (told, ruled, audited) == (1, 1, 1)


async def test_a_change_that_is_not_committed_told_nobody(
    engine: AsyncEngine, records: PostgresRecords
):
    held, _ = await ask(engine)
    async with begin(engine) as conn:
        mail = await read_mail(conn, held)
    async with asyncio.TaskGroup() as group, begin(engine) as conn:
        await lock_approval(conn, TENANT, APPROVAL)
        changing = group.create_task(changed(records))
        await somebody_waits(engine)
        changing.cancel()
    assert changing.cancelled()
    async with begin(engine) as conn:
        assert await read_mail(conn, held) == mail
    assert len(await records.open_requests(TENANT, ASKER)) == 1
    assert await changed(records) == "changed"
