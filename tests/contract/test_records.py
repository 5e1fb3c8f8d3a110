"""What every `bot.ports.records.Records` must do: on Postgres, and in memory."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.glossary import ask_of, glossary_with
from bot.knowledge.ranking import FITS
from bot.ports.records import Filed, OutOfStock, Passage, Records
from bot.protocol.ids import ApprovalId, PersonId, TenantId
from tests.support.offices import KINDS, OTHER, Office, give, office_of, order, queue
from tests.support.store import TENANT
from tests.support.workshop import (
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

DAY = timedelta(days=1)


@pytest.fixture(params=KINDS)
async def office(request: pytest.FixtureRequest, engine: AsyncEngine) -> Office:
    return await office_of(request.param, engine)


@pytest.fixture
def records(office: Office) -> Records:
    return office.records


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


async def looked_for(
    records: Records, question: str, *, tenant: TenantId = TENANT, limit: int = 3
) -> Sequence[Passage]:
    ask = ask_of(question, glossary_with())
    return await records.search_knowledge(tenant, ask, limit=limit)


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("How do I connect to the VPN?", ("vpn", ("Client",))),
        ("the vpn connection drops", ("vpn", ("Trouble", "It drops"))),
        ("how can I reset my password", ("password", ())),
        ("How many days of leave do I have?", ("leave", ())),
        ("pasword resett", ("password", ())),
        ("thrity days", ("leave", ())),
        ("Wie viele Urlaubstage habe ich?", ("leave", ())),
        ("¿Cómo me conecto a la VPN?", ("vpn", ("Client",))),
    ],
)
async def test_a_question_finds_its_section_first(
    records: Records, question: str, place: tuple[str, tuple[str, ...]]
) -> None:
    found = await looked_for(records, question)
    assert (found[0].ref, found[0].headings) == place
    assert 1 >= found[0].fit >= found[-1].fit > 0
    assert found[0].fit >= FITS
    assert found[0].text
    assert await looked_for(records, question, limit=1) == found[:1]


async def test_a_word_that_is_rare_says_more_than_one_that_is_everywhere(
    records: Records,
) -> None:
    [first, second, *_] = await looked_for(records, "vpn link")
    assert first.ref == "password"
    assert first.fit > second.fit


async def test_what_nobody_wrote_about_does_not_fit(records: Records) -> None:
    for question in (
        "How do I feed the penguins?",
        "Where is the swimming pool with the link?",
        "Wann kommt der Zug?",
    ):
        assert all(p.fit < FITS for p in await looked_for(records, question))


async def test_a_question_about_nothing_finds_nothing(records: Records) -> None:
    for question in ("", "xyzzy", "' & | ! <-> :*", "how is the", "\x00"):
        assert not await looked_for(records, question)


async def test_what_a_section_is_made_of_comes_back(records: Records) -> None:
    [found] = await looked_for(records, "vpn drops", limit=1)
    assert found.name == "Connecting to the VPN › Trouble › It drops"  # noqa: RUF001
    assert (found.owner, found.updated) == ("it", "2026-01-01")
    assert found.text == "Look at the *clock*: it's wrong."


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


async def test_a_request_is_changed_once_and_by_who_made_it(
    office: Office, records: Records
) -> None:
    approval = await office.ask("a seat", MAYA)

    async def change(
        by: PersonId, to: str = "two seats", tenant: TenantId = TENANT
    ) -> str:
        return await records.change_request(
            tenant, approval_id=approval, by=by, change=to
        )

    assert await change(PRIYA) == "not_yours"
    assert len(await records.open_requests(TENANT, MAYA)) == 1
    assert await change(MAYA) == "changed"
    assert await change(MAYA) == "changed"  # a repeated call of the same turn
    assert await change(MAYA, "no, three") == "not_open"
    assert not await records.open_requests(TENANT, MAYA)
    withdrawn = await records.withdraw_request(TENANT, approval_id=approval, by=MAYA)
    assert withdrawn == "not_open"


async def test_a_withdrawn_request_cannot_be_changed(
    office: Office, records: Records
) -> None:
    approval = await office.ask("a seat", MAYA)
    await records.withdraw_request(TENANT, approval_id=approval, by=MAYA)
    changed = await records.change_request(
        TENANT, approval_id=approval, by=MAYA, change="two seats"
    )
    assert changed == "not_open"
