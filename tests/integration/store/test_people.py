"""People: what the file says, whom a platform means, where they were met."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.company.file import ArticleFile
from bot.company.model import Company
from bot.protocol.ids import PersonId, TenantId
from bot.protocol.inbound import UserRef
from bot.store.engine import begin
from bot.store.people import (
    address_of,
    find_by_platform,
    find_person,
    link_installation,
    link_platform_user,
    remember_address,
    sync_company,
    tenant_of,
    workspace_of,
)
from bot.store.schema_records import article, resource
from tests.support.store import TENANT, address, all_of

OTHER = TenantId("other")
ANA: Mapping[str, Any] = {"id": "ana", "name": "Ana", "email": "Ana@x.example"}
BEN: Mapping[str, Any] = {
    "id": "ben",
    "name": "Ben",
    "email": "ben@x.example",
    "title": "Engineer",
    "manager": "ana",
    "slack": "UBEN",
    "entra": "e-ben",
    "reach_on": "teams",
    "employment": "contractor",
    "starts": date(2026, 1, 1),
    "ends": date(2027, 1, 1),
    "roles": ["operator"],
}
DESK: Mapping[str, Any] = {
    "id": "hw/desk",
    "kind": "hardware",
    "name": "Desk",
    "owner": "ana",
    "stock": 6,
    "specialist": "hardware",
}


def company(*people: Mapping[str, Any], resources: tuple[Any, ...] = ()) -> Company:
    return Company.model_validate(
        {"company": {"name": "X"}, "people": people, "resources": resources}
    )


async def sync(
    engine: AsyncEngine,
    *people: Mapping[str, Any],
    tenant: TenantId = TENANT,
    resources: tuple[Any, ...] = (),
    articles: tuple[ArticleFile, ...] = (),
) -> None:
    async with begin(engine) as conn:
        await sync_company(
            conn, tenant, company(*people, resources=resources), articles
        )


def slack(user_id: str, email: str = "") -> UserRef:
    return UserRef(platform="slack", workspace="T1", user_id=user_id, email=email)


async def test_a_person_comes_back_as_the_file_says(engine: AsyncEngine):
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        found = await find_person(conn, TENANT, PersonId("ben"))
    assert found == company(ANA, BEN).person("ben")


async def test_who_is_gone_from_the_file_is_found_no_more(engine: AsyncEngine):
    await sync(engine, ANA, BEN)
    await sync(engine, ANA)
    async with begin(engine) as conn:
        assert await find_person(conn, TENANT, PersonId("ben")) is None
        assert await find_by_platform(conn, TENANT, slack("UBEN")) is None
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        assert await find_by_platform(conn, TENANT, slack("UBEN")) is not None


async def test_replicas_that_start_at_once_sync_one_after_the_other(
    engine: AsyncEngine,
):
    await all_of(sync(engine, ANA, BEN, resources=(DESK,)) for _ in range(6))
    async with begin(engine) as conn:
        assert await conn.scalar(select(func.count()).select_from(resource)) == 1


async def test_one_tenants_people_are_not_the_others(engine: AsyncEngine):
    await sync(engine, ANA, BEN)
    await sync(engine, ANA, tenant=OTHER)
    async with begin(engine) as conn:
        assert await find_by_platform(conn, OTHER, slack("UBEN")) is None
        assert await find_person(conn, OTHER, PersonId("ben")) is None


async def test_each_platform_has_its_own_ids(engine: AsyncEngine):
    await sync(engine, ANA, BEN)
    teams = UserRef(platform="teams", workspace="M1", user_id="e-ben")
    wrong = UserRef(platform="teams", workspace="M1", user_id="UBEN")
    async with begin(engine) as conn:
        assert await find_by_platform(conn, TENANT, teams) is not None
        assert await find_by_platform(conn, TENANT, wrong) is None
        assert await find_by_platform(conn, TENANT, slack("")) is None


async def test_an_email_links_a_user_once_and_survives_a_sync(engine: AsyncEngine):
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        linked = await link_platform_user(conn, TENANT, slack("U1", "ANA@X.example"))
        assert linked is not None
        assert linked.id == "ana"
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        found = await find_by_platform(conn, TENANT, slack("U1"))
    assert found is not None
    assert found.id == "ana"


async def test_an_email_does_not_make_anybody_somebody_else(engine: AsyncEngine):
    """Neither an account beside the known one, nor an account that is another's."""
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        assert not await link_platform_user(conn, TENANT, slack("U9", "ben@x.example"))
        assert not await link_platform_user(
            conn, TENANT, slack("UBEN", "ana@x.example")
        )
        assert not await link_platform_user(conn, TENANT, slack("U9", "no@x.example"))
        assert not await link_platform_user(conn, TENANT, slack("U9"))


async def test_an_email_that_only_looks_alike_links_nobody(engine: AsyncEngine):
    """Python lowers the Kelvin sign to a plain ``k``."""
    kim = {"id": "kim", "name": "Kim", "email": "kim@x.example"}
    await sync(engine, ANA, kim)
    async with begin(engine) as conn:
        for lookalike in (
            "\u212aim@x.example",
            "\uff4bim@x.example",
            "k\u0131m@x.example",
        ):
            assert not await link_platform_user(conn, TENANT, slack("U9", lookalike))


async def test_an_email_that_two_people_share_links_neither(engine: AsyncEngine):
    await sync(engine, ANA, {"id": "ana2", "name": "Ana", "email": "ana@x.example"})
    async with begin(engine) as conn:
        assert not await link_platform_user(conn, TENANT, slack("U1", "ana@x.example"))


async def test_the_file_takes_an_id_back_from_who_was_linked(engine: AsyncEngine):
    await sync(engine, ANA, {**BEN, "slack": ""})
    async with begin(engine) as conn:
        await link_platform_user(conn, TENANT, slack("UBEN", "ana@x.example"))
    await sync(engine, ANA, BEN)
    async with begin(engine) as conn:
        found = await find_by_platform(conn, TENANT, slack("UBEN"))
    assert found is not None
    assert found.id == "ben"


async def test_two_people_may_swap_their_ids(engine: AsyncEngine):
    await sync(engine, {**ANA, "slack": "UANA"}, BEN)
    await sync(engine, {**ANA, "slack": "UBEN"}, {**BEN, "slack": "UANA"})
    async with begin(engine) as conn:
        found = await find_by_platform(conn, TENANT, slack("UANA"))
    assert found is not None
    assert found.id == "ben"


async def test_a_shelf_is_recounted_only_when_the_file_changes(engine: AsyncEngine):
    async def stock() -> int | None:
        async with begin(engine) as conn:
            return await conn.scalar(select(resource.c.stock))

    await sync(engine, ANA, resources=(DESK,))
    async with begin(engine) as conn:
        await conn.execute(resource.update().values(stock=2))
    await sync(engine, ANA, resources=(DESK,))
    assert await stock() == 2
    await sync(engine, ANA, resources=({**DESK, "stock": 9},))
    assert await stock() == 9


async def test_articles_gone_from_the_folder_are_gone(engine: AsyncEngine):
    def page(ref: str, title: str) -> ArticleFile:
        return ArticleFile(ref=ref, title=title, owner="", updated="", body="\x00")

    await sync(engine, ANA, articles=(page("a", "A"), page("b", "B")))
    await sync(engine, ANA, articles=(page("b", "Better"),))
    async with begin(engine) as conn:
        titles = await conn.scalars(select(article.c.title))
        assert titles.all() == ["Better"]


async def test_a_workspace_belongs_to_one_tenant(engine: AsyncEngine):
    await sync(engine, ANA)
    await sync(engine, ANA, tenant=OTHER)
    async with begin(engine) as conn:
        assert await link_installation(conn, TENANT, "slack", "T1")
        assert await link_installation(conn, TENANT, "slack", "T1")
        assert not await link_installation(conn, OTHER, "slack", "T1")
        assert await tenant_of(conn, "slack", "T1") == TENANT
        assert await tenant_of(conn, "teams", "T1") is None
        assert await workspace_of(conn, TENANT, "slack") == "T1"
        assert await workspace_of(conn, TENANT, "teams") == ""


async def test_the_place_where_a_person_was_met_last_is_known(engine: AsyncEngine):
    await sync(engine, ANA)
    ana = PersonId("ana")
    async with begin(engine) as conn:
        assert await address_of(conn, TENANT, ana, "slack") is None
        for place in (address("1.0"), address("2.0")):
            await remember_address(conn, TENANT, ana, place)
        assert await address_of(conn, TENANT, ana, "slack") == address("2.0")
        assert await address_of(conn, TENANT, ana, "teams") is None
