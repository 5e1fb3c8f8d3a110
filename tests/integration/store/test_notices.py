"""Wake-ups: here at once, elsewhere soon, and nobody hears his own echo."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.protocol.ids import ConversationId
from bot.store.engine import begin
from bot.store.postgres import PostgresStore
from bot.store.wake import notify
from tests.support.store import TENANT

HELLO = ConversationId("hello")
AFTERWARDS = ConversationId("afterwards")


class Ear:
    """A store that listens, and what it heard."""

    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self.store = PostgresStore(engine, url)
        self.heard: asyncio.Queue[ConversationId] = asyncio.Queue()

    async def ring(self, conversation_id: ConversationId) -> None:
        async with self.store.begin("ingress.stop") as tx:
            await tx.notify(TENANT, conversation_id)

    async def hears(self) -> ConversationId:
        async with asyncio.timeout(30):
            return await self.heard.get()


@asynccontextmanager
async def listening(engine: AsyncEngine, url: str) -> AsyncGenerator[Ear]:
    ear, connected = Ear(engine, url), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(
            ear.store.listen(ear.heard.put_nowait, on_connect=connected.set)
        )
        await connected.wait()
        yield ear
        task.cancel()


async def test_who_committed_it_hears_it_at_once_and_once(
    engine: AsyncEngine, database_url: str
) -> None:
    async with listening(engine, database_url) as ear:
        for _ in range(3):
            await ear.ring(HELLO)
            assert ear.heard.get_nowait() == HELLO
        # Told by another's transaction, so it comes after any echo.
        async with begin(engine) as conn:
            await notify(conn, TENANT, AFTERWARDS)
        assert await ear.hears() == AFTERWARDS


async def test_others_hear_it_too(engine: AsyncEngine, database_url: str) -> None:
    async with (
        listening(engine, database_url) as one,
        listening(engine, database_url) as other,
    ):
        await one.ring(HELLO)
        assert await other.hears() == HELLO
        await other.ring(HELLO)
        assert [await one.hears(), await one.hears()] == [HELLO, HELLO]


async def test_who_does_not_listen_still_tells(
    engine: AsyncEngine, database_url: str
) -> None:
    async with listening(engine, database_url) as ear:
        async with PostgresStore(engine).begin("ingress.stop") as tx:
            await tx.notify(TENANT, HELLO)
        assert await ear.hears() == HELLO


@pytest.mark.parametrize("told", [1, 250])
async def test_many_are_told_together(
    engine: AsyncEngine, database_url: str, told: int
) -> None:
    names = [ConversationId(f"c{n}") for n in range(told)]
    async with (
        listening(engine, database_url) as one,
        listening(engine, database_url) as other,
    ):
        async with one.store.begin("ingress.stop") as tx:
            for name in names:
                await tx.notify(TENANT, name)
        assert [await other.hears() for _ in names] == names
