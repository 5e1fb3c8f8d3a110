"""What every `bot.ports.records.Records` must do with tickets: on Postgres, in memory."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.ports.records import Filed, Place, Records
from bot.protocol.ids import TenantId
from tests.support.offices import KINDS, OTHER, give, office_of
from tests.support.store import TENANT
from tests.support.workshop import MAYA, OMAR

DESK = Place(system="desk", reference="DESK-7", link="https://desk.example/7")


@pytest.fixture(params=KINDS)
async def records(request: pytest.FixtureRequest, engine: AsyncEngine) -> Records:
    return (await office_of(request.param, engine)).records


async def opened(
    records: Records,
    key: str,
    place: Place | None = None,
    tenant: TenantId = TENANT,
) -> Filed:
    return await records.open_ticket(
        tenant, key=key, person=MAYA, queue="it", title=key, body="", place=place
    )


async def test_a_ticket_is_found_under_its_key_with_its_place(records: Records) -> None:
    filed = await opened(records, "k", DESK)
    found = await records.ticket_under(TENANT, "k")
    assert found and (found.reference, found.title) == (filed.reference, "k")
    assert found.place == DESK
    assert await records.ticket_under(TENANT, "nothing") is None
    assert await records.ticket_under(OTHER, "k") is None
    await give(records, "grant")
    assert await records.ticket_under(TENANT, "grant") is None


async def test_a_place_is_written_down_later_and_stays(records: Records) -> None:
    first = await opened(records, "k")
    found = await records.ticket_under(TENANT, "k")
    assert found and found.place is None
    again = await opened(records, "k", DESK)
    assert (again.reference, again.created) == (first.reference, False)
    await opened(records, "k", Place(system="desk", reference="DESK-8"))
    await opened(records, "k")
    found = await records.ticket_under(TENANT, "k")
    assert found and found.place == DESK


async def test_tickets_are_listed_for_whom_they_are_newest_first(
    records: Records,
) -> None:
    for key in ("a", "b", "c"):
        await opened(records, key)
    await opened(records, "theirs", tenant=OTHER)
    listed = await records.tickets_of(TENANT, MAYA)
    assert [one.title for one in listed] == ["c", "b", "a"]
    listed = await records.tickets_of(TENANT, MAYA, limit=2)
    assert [one.title for one in listed] == ["c", "b"]
    assert await records.tickets_of(TENANT, OMAR) == []
