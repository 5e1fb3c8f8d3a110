"""The engine without platforms, for `deskhand eval`: a tenant for each scenario.

Everything between a message that a platform has verified and what people would be
shown is the real thing: ingress, mailbox, worker, log, policy, approvals, records.
Nothing is sent to anybody, and no MCP server is connected: scenarios must not change
anything outside.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.bench.alone.engine import Silent
from agents.evals.house import Happened, House
from bot.app.build import DOOR_SIZE, POOL_SIZE
from bot.clock import Clock
from bot.company.file import ArticleFile, load_articles
from bot.company.model import Company, Person
from bot.engine.ingress import Ingress
from bot.engine.kit import Kit
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.spending import Spending
from bot.engine.telemetry import Telemetry
from bot.engine.worker import Worker
from bot.pacing.pacer import Pacer
from bot.ports.agent import Agents
from bot.ports.records import Records
from bot.ports.store import Point, Store, Transaction
from bot.protocol.ids import ConversationId, TenantId
from bot.store.deeds import deeds_of, is_busy
from bot.store.engine import begin, connect, create_engine
from bot.store.migrate import migrate
from bot.store.people import link_installation, sync_company
from bot.store.postgres import PostgresStore
from bot.store.records import PostgresRecords

_LET_GO = {"conversation.release", "worker.put_off"}
"""Transactions after which a conversation may be at rest."""
_DRAIN = 5.0
"""Seconds in which what is left over may end by itself."""
_AT_ONCE = 500
"""Conversations that the worker may own."""


class Trial(House):
    """Implements `House` on Postgres."""

    def __init__(
        self,
        company: Company,
        articles: Sequence[ArticleFile],
        *,
        database: AsyncEngine,
        kit: Kit,
        store: "_Watched",
    ) -> None:
        self.company = company
        self.kit = kit
        self.clock = kit.clock
        self.inbox = Ingress(
            kit.store, {}, kit.clock, kit.telemetry, company.company.zone
        )
        self._articles = articles
        self._database = database
        self._store = store

    @override
    async def move_in(self, tenant: TenantId) -> None:
        async with begin(self._database) as conn:
            await sync_company(conn, tenant, self.company, self._articles)
            await link_installation(conn, tenant, "slack", tenant)
            await link_installation(conn, tenant, "teams", tenant)

    @override
    async def rest(self, tenant: TenantId, patience: float) -> bool:
        until = self.clock.monotonic() + patience
        while True:
            news = self._store.news
            async with connect(self._database) as conn:
                if not await is_busy(conn, tenant):
                    return True
            try:
                # Nothing else is ever cancelled: a connection may be in the middle.
                async with asyncio.timeout(until - self.clock.monotonic()):
                    await news.wait()
            except TimeoutError:
                return False

    @override
    async def happened(self, tenant: TenantId) -> Sequence[Happened]:
        async with connect(self._database) as conn:
            rows = await deeds_of(conn, tenant)
        return [
            Happened(
                kind=row["kind"],
                who=row["who"],
                what=row["what"],
                grant=row["grant_name"],
                lasts=row["lasts"],
                queue=row["queue"],
                text=row["said"],
            )
            for row in rows
        ]


class _Watched(Store):
    """A store that tells when a conversation was let go."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.news = asyncio.Event()
        """Set, and replaced by another, each time."""

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        async with self._store.begin(point) as tx:
            yield tx
        if point in _LET_GO:
            told, self.news = self.news, asyncio.Event()
            told.set()

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        await self._store.listen(hear, on_connect=on_connect)


@asynccontextmanager
async def on_trial(
    url: str,
    company: Company,
    company_file: Path,
    agents: Callable[[Company, Records], Agents],
    clock: Clock,
    *,
    today: date | None = None,
) -> AsyncGenerator[Trial]:
    """Build the engine on a database and run it for the block.

    Args:
        url: A database of its own, empty or migrated.
        company: Whose agents are on trial.
        company_file: Where it is written; its articles are beside it.
        agents: Makes them.
        clock: The time.
        today: The day on which everything happens; `agents.evals.scenario`.
    """
    moved = clock.now().date() - today if today else timedelta()
    company = company.model_copy(
        update={"people": tuple(_known(p, moved) for p in company.people)}
    )
    await migrate(url)
    engine = create_engine(url, pool_size=POOL_SIZE)
    door = create_engine(url, pool_size=DOOR_SIZE)
    try:
        store = _Watched(PostgresStore(engine, url, door=door))
        kit = _kit(store, company, PostgresRecords(engine), agents, clock)
        articles = load_articles(company, company_file)
        trial = Trial(company, articles, database=engine, kit=kit, store=store)
        async with _working(kit):
            yield trial
    finally:
        await engine.dispose()
        await door.dispose()


def _known(person: Person, moved: timedelta) -> Person:
    """Return a person whom both platforms know, with their dates moved."""
    return person.model_copy(
        update={
            "slack": person.slack or f"slack-{person.id}",
            "entra": person.entra or f"entra-{person.id}",
            "starts": person.starts and person.starts + moved,
            "ends": person.ends and person.ends + moved,
        }
    )


def _kit(
    store: Store,
    company: Company,
    records: PostgresRecords,
    agents: Callable[[Company, Records], Agents],
    clock: Clock,
) -> Kit:
    telemetry = Telemetry()
    spending = Spending(
        store=store,
        clock=clock,
        telemetry=telemetry,
        limits=company.limits,
        zone=company.company.zone,
    )
    return Kit(
        store=store,
        clock=clock,
        writer=LogWriter(store, clock, telemetry),
        performer=Performer(agents(company, records), clock, spending),
        delivery=Silent(
            store=store,
            platforms={},
            reach=Reach(store, records, {}),
            pacer=Pacer(),
            clock=clock,
            telemetry=telemetry,
        ),
        records=records,
        telemetry=telemetry,
    )


@asynccontextmanager
async def _working(kit: Kit) -> AsyncGenerator[None]:
    worker = Worker(kit, worker_id="eval", capacity=_AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(kit.writer.run()),
            tasks.create_task(kit.delivery.run()),
        ]
        working = tasks.create_task(worker.run())
        try:
            yield
        finally:
            worker.drain()
            await asyncio.wait([working], timeout=_DRAIN)
            for task in (*background, working):
                task.cancel()
