"""Connections: failures that may pass are told from those that will not."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreUnavailableError
from bot.protocol.ids import ConversationId
from bot.store import engine as under_test
from bot.store.engine import begin, create_engine, dsn_of, listen
from bot.store.schema import tenant
from bot.store.wake import MAIL_CHANNEL, notify, parse_notice
from tests.support.store import TENANT

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
TERMINATE = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database()"
    " AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@h:1/d?sslmode=require",
        "postgresql://u:p@h:1/d?sslmode=require",
        "postgresql+asyncpg://u:p@h:1/d?sslmode=require",
    ],
)
def test_any_postgres_url_is_understood(url: str):
    assert dsn_of(url) == "postgresql://u:p@h:1/d?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://h/d", "postgres", "sqlite:///x", ""])
def test_no_other_url_is(url: str):
    with pytest.raises(ValueError, match="is not a Postgres URL"):
        dsn_of(url)


async def test_a_server_that_is_away_is_unavailable():
    pool = create_engine(NOWHERE)
    with pytest.raises(StoreUnavailableError, match="cannot connect"):
        async with begin(pool):
            pass
    await pool.dispose()


async def test_a_connection_lost_in_a_transaction_is_unavailable_then_new(
    engine: AsyncEngine, database_url: str
):
    async def lose_it() -> None:
        async with begin(engine) as conn:
            await conn.execute(tenant.insert().values(tenant_id="t"))
            await terminate_all(database_url)
            await conn.execute(select(tenant))

    with pytest.raises(StoreUnavailableError, match="gave up"):
        await lose_it()
    async with begin(engine) as conn:
        assert (await conn.execute(select(tenant))).all() == []


async def test_a_connection_lost_before_the_commit_is_unavailable(
    engine: AsyncEngine, database_url: str
):
    async def lose_it() -> None:
        async with begin(engine) as conn:
            await conn.execute(tenant.insert().values(tenant_id="t"))
            await terminate_all(database_url)

    with pytest.raises(StoreUnavailableError):
        await lose_it()


async def test_after_a_restart_of_the_server_one_failure_is_enough(
    engine: AsyncEngine, database_url: str
):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):  # four idle connections in the pool
            await stack.enter_async_context(begin(engine))
    await terminate_all(database_url)
    failures = 0
    for _ in range(6):
        try:
            async with begin(engine) as conn:
                await conn.execute(select(tenant))
        except StoreUnavailableError:
            failures += 1
    assert failures <= 1


async def terminate_all(database_url: str) -> None:
    killer = create_engine(database_url)
    async with begin(killer) as conn:
        await conn.execute(TERMINATE, {"name": "deskhand"})
    await killer.dispose()


async def test_a_statement_that_takes_too_long_is_given_up(database_url: str):
    pool = create_engine(database_url, statement=timedelta(milliseconds=50))
    with pytest.raises(StoreUnavailableError, match="statement timeout"):
        async with begin(pool) as conn:
            await conn.execute(text("SELECT pg_sleep(20)"))
    await pool.dispose()


async def test_a_pool_without_a_free_connection_is_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(under_test, "CONNECT_SECONDS", 0.05)
    pool = create_engine(database_url, pool_size=1)
    monkeypatch.undo()
    async with begin(pool):
        with pytest.raises(StoreUnavailableError, match="cannot connect"):
            async with begin(pool):
                pass
    await pool.dispose()


async def test_what_the_block_itself_raises_is_not_translated(engine: AsyncEngine):
    for mine in (OSError("mine"), TimeoutError("mine")):
        with pytest.raises(type(mine), match="mine"):
            async with begin(engine):
                raise mine


async def test_a_broken_constraint_is_no_outage(engine: AsyncEngine):
    async def break_it() -> None:
        async with begin(engine) as conn:
            for _ in range(2):
                await conn.execute(tenant.insert().values(tenant_id="t"))

    with pytest.raises(IntegrityError):
        await break_it()


async def test_a_transaction_of_two_that_deadlock_is_unavailable(engine: AsyncEngine):
    """Postgres ends one of them; it may simply be tried again."""
    async with begin(engine) as conn:
        for name in ("a", "b"):
            await conn.execute(tenant.insert().values(tenant_id=name))
    meet = asyncio.Barrier(2)

    async def lock(conn: AsyncConnection, name: str) -> None:
        row = select(tenant).where(tenant.c.tenant_id == name)
        await conn.execute(row.with_for_update())

    async def cross(first: str, second: str) -> bool:
        try:
            async with begin(engine) as conn:
                await lock(conn, first)
                await meet.wait()
                await lock(conn, second)
        except StoreUnavailableError:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        one = group.create_task(cross("a", "b"))
        two = group.create_task(cross("b", "a"))
    assert sorted([one.result(), two.result()]) == [False, True]


class Ear:
    """Listens in a task of its own and lets a test await what it hears."""

    def __init__(self, url: str) -> None:
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.connected: asyncio.Queue[None] = asyncio.Queue()
        self.url = url

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            task = group.create_task(
                listen(
                    self.url,
                    [MAIL_CHANNEL],
                    lambda channel, payload: self.heard.put_nowait((channel, payload)),
                    on_connect=lambda: self.connected.put_nowait(None),
                )
            )
            await self.connected.get()
            yield
            task.cancel()


async def ring(engine: AsyncEngine, conversation_id: str) -> None:
    async with begin(engine) as conn:
        await notify(conn, TENANT, ConversationId(conversation_id))


async def test_a_notification_is_heard_when_its_transaction_commits(
    engine: AsyncEngine, database_url: str
):
    ear = Ear(database_url)
    async with ear.open():
        async with begin(engine) as conn:
            await notify(conn, TENANT, ConversationId("slack:T1:C1"))
            assert ear.heard.empty()
        channel, payload = await ear.heard.get()
    assert channel == MAIL_CHANNEL
    assert parse_notice(payload) == (TENANT, "slack:T1:C1")


async def test_a_listener_whose_connection_breaks_listens_again(
    engine: AsyncEngine, database_url: str
):
    ear = Ear(database_url)
    async with ear.open():
        async with begin(engine) as conn:
            await conn.execute(TERMINATE, {"name": "deskhand listener"})
        await ear.connected.get()
        await ring(engine, "again")
        _, payload = await ear.heard.get()
    assert parse_notice(payload) == (TENANT, "again")
