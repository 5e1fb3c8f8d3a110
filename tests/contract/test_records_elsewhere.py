"""What every `bot.ports.records.Records` must do with access that a system gives."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import SystemUnsureError
from bot.ports.records import Access, OutOfStock, Records
from bot.ports.systems import Membership
from bot.protocol.ids import PersonId
from tests.support.offices import KINDS, Office, office_of
from tests.support.store import TENANT
from tests.support.workshop import DRAW, ELENA, MAYA, OMAR, SEATS

TEAM = Membership(system="hub", target="drawers", account="maya-c")
DAY = timedelta(days=1)


@pytest.fixture(params=KINDS)
async def office(request: pytest.FixtureRequest, engine: AsyncEngine) -> Office:
    return await office_of(request.param, engine)


@pytest.fixture
def records(office: Office) -> Records:
    return office.records


async def reserve(
    office: Office,
    key: str,
    person: PersonId = MAYA,
    *,
    where: Membership = TEAM,
    there: bool = False,
    looked: timedelta = DAY,
) -> None:
    await office.records.reserve_access(
        TENANT,
        key=key,
        access=Access(
            person=person,
            resource_id=DRAW,
            grant="editor",
            ends_at=office.now + DAY,
            seat=True,
        ),
        where=where,
        there=there,
        looked_at=office.now + looked,
    )


async def confirm(office: Office, key: str, where: Membership = TEAM) -> str:
    filed = await office.records.grant_access(
        TENANT,
        key=key,
        access=Access(
            person=MAYA,
            resource_id=DRAW,
            grant="editor",
            ends_at=office.now + 2 * DAY,
            seat=True,
        ),
        where=where,
    )
    return filed.reference


async def test_what_is_reserved_is_no_grant_before_it_is_given(office: Office) -> None:
    await reserve(office, "k1")
    await reserve(office, "k1")
    assert await office.records.grants_of(TENANT, MAYA) == []
    assert await office.records.find_effect(TENANT, "k1") is None
    assert await office.records.seats_left(TENANT, DRAW) == SEATS - 1
    reference = await confirm(office, "k1")
    [grant] = await office.records.grants_of(TENANT, MAYA)
    assert grant.ours and grant.ends_at == office.now + 2 * DAY
    assert grant == await office.records.find_grant(TENANT, reference)
    assert await confirm(office, "k1") == reference
    assert await office.records.seats_left(TENANT, DRAW) == SEATS - 1


async def test_nobody_is_given_elsewhere_what_has_run_out(office: Office) -> None:
    for number, person in enumerate((MAYA, OMAR)):
        await reserve(
            office,
            f"k{number}",
            person,
            where=replace(TEAM, account=str(person)),
        )
    assert await office.records.seats_left(TENANT, DRAW) == 0
    elena = replace(TEAM, account="elena")
    with pytest.raises(OutOfStock):
        await reserve(office, "k3", ELENA, where=elena)
    await office.records.release_access(TENANT, key="k1")
    await office.records.release_access(TENANT, key="k1")
    await reserve(office, "k3", ELENA, where=elena)
    assert await office.records.seats_left(TENANT, DRAW) == 0


async def test_what_a_system_was_asked_for_is_not_said_to_have_not_happened(
    office: Office,
) -> None:
    await reserve(office, "k1")
    with pytest.raises(SystemUnsureError):  # by a company file without the system
        await office.records.settle_effect(TENANT, "k1")
    reference = await confirm(office, "k1")
    found = await office.records.settle_effect(TENANT, "k1")
    assert found and found.reference == reference


async def test_a_grant_cannot_be_released(office: Office) -> None:
    await reserve(office, "k1")
    await confirm(office, "k1")
    await office.records.release_access(TENANT, key="k1")
    assert len(await office.records.grants_of(TENANT, MAYA)) == 1


async def test_what_somebody_else_gave_is_theirs_and_does_not_end(
    office: Office,
) -> None:
    await reserve(office, "k1", there=True)
    await confirm(office, "k1")
    [grant] = await office.records.grants_of(TENANT, MAYA)
    assert not grant.ours and grant.ends_at is None


async def test_what_nobody_reserved_is_not_ours(office: Office) -> None:
    await confirm(office, "k1")
    [grant] = await office.records.grants_of(TENANT, MAYA)
    assert not grant.ours and grant.ends_at is None


async def test_what_is_there_by_us_is_ours_also_where_nobody_reserved_it(
    office: Office,
) -> None:
    await reserve(office, "k1")
    await confirm(office, "k1")
    await confirm(office, "k2")  # as a probe does that finds it there
    assert all(
        grant.ours and grant.ends_at
        for grant in await office.records.grants_of(TENANT, MAYA)
    )


async def test_what_is_there_by_us_stays_ours(office: Office) -> None:
    await reserve(office, "k1")
    await reserve(office, "k2", there=True)
    await confirm(office, "k2")
    [grant] = await office.records.grants_of(TENANT, MAYA)
    assert grant.ours and grant.ends_at


async def test_what_a_system_says_is_gone_is_gone_here_too(office: Office) -> None:
    await reserve(office, "k1")
    await confirm(office, "k1")
    other = replace(TEAM, target="others")
    await reserve(office, "k2", where=other)
    await confirm(office, "k2", other)
    await reserve(office, "k3")
    grants = await office.records.grants_of(TENANT, MAYA)
    assert len(grants) == 1, "the other membership's"
    await confirm(office, "k3")
    assert len(await office.records.grants_of(TENANT, MAYA)) == 2
    assert await office.records.seats_left(TENANT, DRAW) == SEATS - 1


async def test_what_was_given_since_the_system_was_looked_at_is_not_gone(
    office: Office,
) -> None:
    await reserve(office, "k1")
    reference = await confirm(office, "k1")
    await reserve(office, "k2", looked=-DAY)
    [grant] = await office.records.grants_of(TENANT, MAYA)
    assert grant == await office.records.find_grant(TENANT, reference)
