"""The company's articles for who looks after them: list, look up, import, remove."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from agents.glossary import ask_of, glossary_with
from bot.app.build import tenant_of_company
from bot.app.database import opened_database
from bot.company.file import ArticleFile, load_company
from bot.company.model import Company
from bot.ports.records import Passage
from bot.protocol.ids import TenantId
from bot.settings import Settings
from bot.store import knowledge
from bot.store.engine import begin, connect, create_engine
from bot.store.knowledge import Kept, Written
from bot.store.migrate import migrate
from bot.store.people import save_tenant


@dataclass(frozen=True, slots=True)
class Library:
    """The articles of one company."""

    company: Company
    tenant: TenantId
    database: AsyncEngine

    async def articles(self) -> Sequence[Kept]:
        """Return all articles."""
        async with connect(self.database) as conn:
            return await knowledge.list_articles(conn, self.tenant)

    async def search(self, question: str, *, limit: int) -> Sequence[Passage]:
        """Return what agents would find, best fit first."""
        ask = ask_of(question, glossary_with(self.company.knowledge.synonyms))
        async with connect(self.database) as conn:
            return await knowledge.search(conn, self.tenant, ask, limit=limit)

    async def add(self, articles: Sequence[ArticleFile]) -> Written:
        """Import articles; a running bot finds them at once."""
        async with begin(self.database) as conn:
            await save_tenant(conn, self.tenant, self.company.company.name)
            return await knowledge.import_articles(conn, self.tenant, articles)

    async def remove(self, refs: Sequence[str]) -> Sequence[str]:
        """Remove imported articles; return the names of those that were there."""
        async with begin(self.database) as conn:
            await save_tenant(conn, self.tenant, self.company.company.name)
            return await knowledge.remove_imported(conn, self.tenant, refs)


@asynccontextmanager
async def opened_library(settings: Settings) -> AsyncGenerator[Library]:
    """Give the articles of the company that the settings name."""
    company = load_company(settings.company_file)
    async with opened_database(settings) as url:
        await migrate(url)
        database = create_engine(url, pool_size=1)
        try:
            yield Library(company, tenant_of_company(company), database)
        finally:
            await database.dispose()
