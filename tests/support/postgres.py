"""A real Postgres for tests: one server per session, one database per test.

Each database is a copy of a migrated template, which costs a few milliseconds. With
``DESKHAND_TEST_DATABASE_URL`` set, that server is used instead of the embedded one.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.embedded import EmbeddedPostgres
from bot.store.engine import create_engine, dsn_of
from bot.store.migrate import migrate

_T = TypeVar("_T")
_number = count(1)


class Server:
    """A Postgres server that tests make databases on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.prefix = f"deskhand_test_{os.getpid()}"

    @property
    def template(self) -> str:
        """The migrated database that the others are copies of."""
        return f"{self.prefix}_template"

    def url_of(self, database: str) -> str:
        """Return the URL of a database of this server."""
        url = make_url(self.url).set(database=database)
        return url.render_as_string(hide_password=False)

    async def create(self, database: str, *, template: str = "template1") -> None:
        """Make a database."""
        await self._run(
            f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY'
        )

    async def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    async def hurry(self) -> None:
        """Trade durability for speed: this server's data lives for one session."""
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            await self._run(f"ALTER SYSTEM SET {setting} = off")
        await self._run("SELECT pg_reload_conf()")

    async def _run(self, statement: str) -> None:
        conn = await asyncpg.connect(dsn_of(self.url))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()


def run_apart(work: Callable[[], Awaitable[_T]]) -> _T:
    """Run ``work`` in a thread with a loop of its own, away from the test's loop."""

    async def main() -> _T:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(main())).result()


@contextmanager
def _server_for_the_session() -> Generator[Server]:
    if given := os.environ.get("DESKHAND_TEST_DATABASE_URL"):
        yield Server(given)
        return
    # Not pytest's folder: a socket's path must be short, and root's Postgres user
    # must be able to go there.
    folder = Path(tempfile.mkdtemp(prefix="deskhand-pg-"))
    try:
        embedded = EmbeddedPostgres.start(folder / "data")
        try:
            server = Server(embedded.url)
            run_apart(server.hurry)
            yield server
        finally:
            embedded.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server with a migrated template, for as long as the session lasts."""
    with _server_for_the_session() as server:
        run_apart(lambda: server.create(server.template))
        run_apart(lambda: migrate(server.url_of(server.template)))
        yield server
        run_apart(lambda: server.drop(server.template))


@pytest.fixture
def empty_database_url(postgres_server: Server) -> Iterator[str]:
    """A database of this test's own without any table."""
    name = f"{postgres_server.prefix}_{next(_number)}"
    run_apart(lambda: postgres_server.create(name))
    yield postgres_server.url_of(name)
    run_apart(lambda: postgres_server.drop(name))


@pytest.fixture
def database_url(postgres_server: Server) -> Iterator[str]:
    """A migrated database of this test's own."""
    name = f"{postgres_server.prefix}_{next(_number)}"
    template = postgres_server.template
    run_apart(lambda: postgres_server.create(name, template=template))
    yield postgres_server.url_of(name)
    run_apart(lambda: postgres_server.drop(name))


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool of connections to this test's own database."""
    pool = create_engine(database_url, pool_size=10)
    yield pool
    await pool.dispose()
