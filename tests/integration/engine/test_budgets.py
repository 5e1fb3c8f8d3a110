"""How soon a replica asks again for what all share."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from structlog.testing import capture_logs
from typing_extensions import override

from bot.clock import SystemClock
from bot.engine.budgets import AWAY, EAGER, PROMPT, Budgets
from bot.pacing.lanes import Lane
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.pacing.window import Window
from bot.protocol.ids import SurfaceId
from bot.store.postgres import PostgresStore
from tests.support.store import TENANT

SURFACES = 3
NAPS = 4


class StillClock(SystemClock):
    """Whoever sleeps sleeps for ever; for how long they wanted to is known."""

    def __init__(self) -> None:
        self.asleep: asyncio.Future[float] = asyncio.Future()

    @override
    async def sleep(self, seconds: float) -> None:
        self.asleep.set_result(seconds)
        await asyncio.Event().wait()


class FewNaps(SystemClock):
    """Whoever sleeps wakes at once, a few times."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        self.enough = asyncio.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        if len(self.naps) == NAPS:
            self.enough.set()
            await asyncio.Event().wait()


def hungry(room: int, clock: SystemClock) -> Pacer:
    """Return who has more to send than it was given."""
    pacer = Pacer(alone=False)
    lane = Lane(key="lane", windows=(Window(room, 60.0),), shared=True)
    for number in range(SURFACES):
        pacer.offer(
            SurfaceId(f"s{number}"),
            1,
            priority=Priority.PROGRESS,
            ways=(Way(lanes=(lane,)),),
            now=clock.monotonic(),
        )
    pacer.plan(clock.monotonic())
    return pacer


async def pause_of(replica: str, engine: AsyncEngine, room: int) -> float:
    """Return for how long nothing is asked after the first answer."""
    clock = StillClock()
    pacer = hungry(room, clock)
    budgets = Budgets(PostgresStore(engine), clock, tenant=TENANT, replica=replica)
    budgets.wake()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(budgets.run(pacer.sharing, lambda: None))
        pause = await clock.asleep
        running.cancel()
    return pause


async def test_who_was_given_all_asks_again_as_soon_as_it_wants_more(
    engine: AsyncEngine,
) -> None:
    assert await pause_of("one", engine, 100) == PROMPT


async def test_who_was_given_too_little_waits_a_little(engine: AsyncEngine) -> None:
    await pause_of("one", engine, SURFACES)  # and holds what there is
    assert await pause_of("two", engine, SURFACES) == EAGER


async def test_an_absent_postgres_is_asked_seldom_and_told_of_once() -> None:
    nowhere = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    clock = FewNaps()
    pacer = hungry(SURFACES, clock)
    budgets = Budgets(PostgresStore(nowhere), clock, tenant=TENANT, replica="one")
    budgets.wake()
    with capture_logs() as logs:
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(budgets.run(pacer.sharing, budgets.wake))
            await clock.enough.wait()
            running.cancel()
    assert clock.naps == [AWAY] * NAPS
    assert [entry["event"] for entry in logs] == ["budget.unavailable"]
    await nowhere.dispose()
