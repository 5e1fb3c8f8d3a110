"""The database: the one that is set, or the embedded Postgres."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

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

_OF_A_KIND = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
_LOCK = "SELECT pg_advisory_lock(hashtextextended($1, 0))"
_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 0))"


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
    await _run(
        url,
        _dropping(name),
        f"CREATE DATABASE {_quoted(name)}",
    )
    before, question, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{question}{query}"


@asynccontextmanager
async def temporary_database(url: str, kind: str) -> AsyncGenerator[str]:
    """Give an empty database beside that of ``url`` that is gone after the block.

    What is committed there is not kept safe from a crash: nobody will miss it. Those
    of the same kind whose processes were killed are dropped first. Each process holds
    a lock on the name of its own, which the kernel and Postgres let go of even after
    ``kill -9``.

    Args:
        url: A database of the server.
        kind: What the name begins with.
    """
    holder = await asyncpg.connect(dsn_of(url))
    try:
        await _drop_the_dead(holder, kind)
        name = f"{kind}_{secrets.token_hex(6)}"
        await holder.execute(_LOCK, name)
        fresh = await fresh_database(url, name)
        await _run(url, f"ALTER DATABASE {_quoted(name)} SET synchronous_commit = off")
        try:
            yield fresh
        finally:
            await _run(url, _dropping(name))
    finally:
        await holder.close()


async def _drop_the_dead(
    holder: "asyncpg.Connection[asyncpg.Record]", kind: str
) -> None:
    """Drop the databases of a kind that no process holds."""
    for (name,) in await holder.fetch(_OF_A_KIND, f"{kind}_"):
        if await holder.fetchval(_TRY_LOCK, name):
            # Without force: whoever is still there, dead or not, may end in peace.
            with suppress(asyncpg.ObjectInUseError):
                await holder.execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")
            await holder.execute(_UNLOCK, name)


def _dropping(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _run(url: str, *statements: str) -> None:
    conn = await asyncpg.connect(dsn_of(url))
    try:
        for statement in statements:
            await conn.execute(statement)
    finally:
        await conn.close()
