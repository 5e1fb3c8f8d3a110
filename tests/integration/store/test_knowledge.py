"""Articles on Postgres: the folder's and the imported ones, and what follows from them."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.company.file import ArticleFile
from bot.knowledge.ask import Term
from bot.protocol.ids import TenantId
from bot.store import knowledge
from bot.store.engine import begin
from bot.store.knowledge import Written
from bot.store.people import save_tenant
from bot.store.schema_knowledge import knowledge_word
from bot.store.schema_records import article
from tests.support.store import TENANT

OTHER = TenantId("somebody-else")


@pytest.fixture(autouse=True)
async def tenants(engine: AsyncEngine) -> None:
    async with begin(engine) as conn:
        for tenant in (TENANT, OTHER):
            await save_tenant(conn, tenant, tenant)


def page(ref: str, body: str, *, owner: str = "") -> ArticleFile:
    return ArticleFile(ref=ref, title=ref, owner=owner, updated="", body=body)


async def folder(engine: AsyncEngine, *articles: ArticleFile) -> Written:
    async with begin(engine) as conn:
        return await knowledge.write_folder(conn, TENANT, articles)


async def brought(engine: AsyncEngine, *articles: ArticleFile) -> Written:
    async with begin(engine) as conn:
        return await knowledge.import_articles(conn, TENANT, articles)


async def listed(engine: AsyncEngine) -> list[tuple[str, str, int]]:
    async with begin(engine) as conn:
        kept = await knowledge.list_articles(conn, TENANT)
    return [(one.origin, one.ref, one.sections) for one in kept]


async def found(
    engine: AsyncEngine, word: str, tenant: TenantId = TENANT
) -> Sequence[str]:
    ask = (Term(said=word, phrases=((word,),)),)
    async with begin(engine) as conn:
        return [p.text for p in await knowledge.search(conn, tenant, ask, limit=9)]


async def test_the_folder_is_followed_and_what_was_imported_stays(
    engine: AsyncEngine,
) -> None:
    assert await brought(engine, page("vpn", "imported")) == Written(new=1)
    assert await folder(engine, page("vpn", "folder"), page("wifi", "air")) == Written(
        new=2
    )
    assert await folder(engine, page("vpn", "changed")) == Written(changed=1, removed=1)
    assert await listed(engine) == [("folder", "vpn", 1), ("import", "vpn", 1)]
    assert sorted(await found(engine, "vpn")) == ["changed", "imported"]
    assert await found(engine, "folder") == []
    assert await found(engine, "air") == []


async def test_what_is_there_already_is_not_written_again(engine: AsyncEngine) -> None:
    await folder(engine, page("vpn", "text"))
    before = await versions(engine)
    assert await folder(engine, page("vpn", "text")) == Written(unchanged=1)
    assert await versions(engine) == before
    assert await folder(engine, page("vpn", "text", owner="it")) == Written(changed=1)
    assert await versions(engine) != before


async def versions(engine: AsyncEngine) -> list[str]:
    async with begin(engine) as conn:
        return list(
            await conn.scalars(text("SELECT xmin::text FROM knowledge_section"))
        )


async def test_imported_articles_are_removed_by_name_and_the_folders_are_not(
    engine: AsyncEngine,
) -> None:
    await folder(engine, page("vpn", "folder"))
    await brought(engine, page("vpn", "imported"), page("badge", "zebra"))
    async with begin(engine) as conn:
        gone = await knowledge.remove_imported(conn, TENANT, ["badge", "vpn", "none"])
    assert gone == ["badge", "vpn"]
    assert await listed(engine) == [("folder", "vpn", 1)]
    assert await found(engine, "zebra") == []


async def test_the_list_of_words_is_what_the_articles_have(engine: AsyncEngine) -> None:
    await folder(engine, page("vpn", "zebra zebra"), page("wifi", "zebra crossing"))
    await folder(engine, page("vpn", "zebra lion"))
    async with begin(engine) as conn:
        words = await conn.scalars(select(knowledge_word.c.word))
        assert sorted(words) == ["lion", "vpn", "zebra"]
    assert await found(engine, "zerba") == ["zebra lion"]


async def test_the_release_before_finds_the_folder_in_its_table(
    engine: AsyncEngine,
) -> None:
    await brought(engine, page("imported", "x"))
    await folder(engine, page("vpn", "# vpn\n\nwhole\x00"), page("wifi", "y"))
    await folder(engine, page("vpn", "# vpn\n\nwhole\x00"))
    async with begin(engine) as conn:
        rows = (await conn.execute(select(article.c.ref, article.c.body))).all()
    assert [tuple(row) for row in rows] == [("vpn", "# vpn\n\nwhole�")]


async def test_another_tenant_finds_nothing(engine: AsyncEngine) -> None:
    await folder(engine, page("vpn", "secret"))
    assert await found(engine, "secret") == ["secret"]
    assert await found(engine, "secret", OTHER) == []
    assert await found(engine, "sercet", OTHER) == []


async def test_what_another_tenant_has_changes_nothing_that_is_found(
    engine: AsyncEngine,
) -> None:
    ask = tuple(Term(said=w, phrases=((w,),)) for w in ("vpn", "elephantos"))

    async def fits() -> list[float]:
        async with begin(engine) as conn:
            return [p.fit for p in await knowledge.search(conn, TENANT, ask, limit=9)]

    await folder(engine, page("vpn", "elephantix"), page("wifi", "air"))
    before = await fits()
    async with begin(engine) as conn:
        nearer = [page(f"vpn{n}", "vpn elephantoz") for n in range(5)]
        await knowledge.write_folder(conn, OTHER, nearer)
    assert await fits() == before
    assert before[0] > 1 / 2
