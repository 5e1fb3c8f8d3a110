"""The database: the one that is set, or the embedded Postgres."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from bot.engine.journal import StoredJournal
from bot.ports.journal import Journal
from bot.settings import Settings
from bot.store.embedded import embedded_postgres
from bot.store.engine import create_engine, dsn_of
from bot.store.migrate import migrate, pending
from bot.store.postgres import PostgresStore

__all__ = [
    "embedded_postgres",
    "fresh_database",
    "migrate",
    "opened_database",
    "opened_journal",
    "pending",
    "temporary_database",
]


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncGenerator[str]:
    """Give the database's URL; without a setting, the embedded Postgres runs."""
    if settings.database_url:
        yield settings.database_url
        return
    async with embedded_postgres(settings.home / "postgres") as url:
        yield url


@asynccontextmanager
async def opened_journal(settings: Settings) -> AsyncGenerator[Journal]:
    """Give the log for reading, without running anything."""
    async with opened_database(settings) as url:
        await migrate(url)
        database = create_engine(url, pool_size=2)
        try:
            yield StoredJournal(PostgresStore(database, url))
        finally:
            await database.dispose()


async def fresh_database(url: str, name: str) -> str:
    """Make an empty database beside that of ``url`` and return its URL.

    One of that name that is there is dropped, whoever uses it.
    """
    quoted = _quoted(name)
    await _run(
        url,
        f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)",
        f"CREATE DATABASE {quoted}",
    )
    before, question, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{question}{query}"


@asynccontextmanager
async def temporary_database(url: str, name: str) -> AsyncGenerator[str]:
    """Give an empty database beside that of ``url`` that is gone after the block.

    What is committed there is not kept safe from a crash: nobody will miss it.
    """
    fresh = await fresh_database(url, name)
    quoted = _quoted(name)
    await _run(url, f"ALTER DATABASE {quoted} SET synchronous_commit = off")
    try:
        yield fresh
    finally:
        await _run(url, f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _run(url: str, *statements: str) -> None:
    conn = await asyncpg.connect(dsn_of(url))
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()
