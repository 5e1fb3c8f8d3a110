"""Statements that go to the driver: in the same transaction, with the same errors."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StoreRefusedError, StoreUnavailableError
from bot.store.direct import direct, driver_of
from bot.store.engine import begin, connect, create_engine
from bot.store.schema import tenant
from tests.support.store import undone

ADD = direct("INSERT INTO tenant (tenant_id) VALUES (:name)")
COUNT = direct("SELECT count(*) AS n FROM tenant")
ECHO = direct(
    """
    SELECT CAST(:second AS text) AS a, -- a :colon in a comment
           CAST(:first AS text) AS b, '12:30'::time AS c, CAST(:second AS text) AS d
    """
)
SLEEP = direct("SELECT pg_sleep(20)")
KILL = direct("SELECT pg_terminate_backend(pg_backend_pid())")


async def count(engine: AsyncEngine) -> int:
    async with connect(engine) as conn:
        row = await COUNT.one(conn)
    assert row is not None
    return int(row["n"])


async def test_parameters_are_found_by_their_names(engine: AsyncEngine):
    assert ECHO.names == ("second", "first")
    async with connect(engine) as conn:
        row = await ECHO.one(conn, first="1", second="2")
    assert row is not None
    assert (row["a"], row["b"], row["d"]) == ("2", "1", "2")


async def test_both_ways_see_one_transaction(engine: AsyncEngine):
    async with undone(engine) as conn:
        await ADD.all(conn, name="a")
        await conn.execute(tenant.insert().values(tenant_id="b"))
        assert len((await conn.execute(select(tenant))).all()) == 2
        assert len(await COUNT.all(conn)) == 1
        assert await count(engine) == 0  # nobody else sees it
    assert await count(engine) == 0


async def test_looking_holds_nothing(engine: AsyncEngine):
    async with connect(engine) as conn:
        await COUNT.all(conn)
        assert not driver_of(conn).is_in_transaction()


@pytest.mark.parametrize("name", ["twice", "half a pair: \ud83d", "\x00", b"no text"])
async def test_what_postgres_refuses_is_refused(engine: AsyncEngine, name: str | bytes):
    async def add() -> None:
        async with begin(engine) as conn:
            await ADD.all(conn, name="twice")
            await ADD.all(conn, name=name)

    with pytest.raises(StoreRefusedError):
        await add()
    assert await count(engine) == 0


async def test_a_connection_that_broke_is_unavailable_and_not_used_again(
    database_url: str,
):
    pool = create_engine(database_url, pool_size=1)
    with pytest.raises(StoreUnavailableError):
        async with begin(pool) as conn:
            await KILL.all(conn)
    assert await count(pool) == 0
    await pool.dispose()


async def test_a_connection_that_breaks_in_the_pool_is_not_used(database_url: str):
    pool = create_engine(database_url, pool_size=1)
    async with connect(pool) as conn:
        driver = driver_of(conn)
    gone = asyncio.Event()
    driver.add_termination_listener(lambda _: gone.set())
    killer = create_engine(database_url, pool_size=1)
    kill = direct("SELECT pg_terminate_backend(CAST(:pid AS integer))")
    async with connect(killer) as conn:
        await kill.all(conn, pid=driver.get_server_pid())
    await gone.wait()
    assert await count(pool) == 0
    for each in (pool, killer):
        await each.dispose()


@pytest.mark.parametrize("moment", ["in the block", "at the end"])
async def test_whoever_is_cancelled_leaves_no_open_transaction(
    database_url: str, moment: str
):
    pool = create_engine(database_url, pool_size=1)
    under_way = asyncio.Event()

    async def write() -> None:
        async with begin(pool) as conn:
            await ADD.all(conn, name="a")
            under_way.set()
            if moment == "in the block":
                await SLEEP.all(conn)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(write())
        await under_way.wait()
        task.cancel()
    async with begin(pool) as conn:  # the same connection, or a new one
        assert driver_of(conn).is_in_transaction()
        await ADD.all(conn, name="b")
    assert await count(pool) in ({1} if moment == "in the block" else {1, 2})
    await pool.dispose()
