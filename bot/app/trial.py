"""The engine without platforms, for `deskhand eval`: a tenant for each scenario.

Everything between a message that a platform has verified and what people would be
shown is the real thing: ingress, mailbox, worker, log, policy, approvals, records.
Nothing is sent to anybody, and no MCP server is connected: scenarios must not change
anything outside.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.bench.alone.engine import Silent
from agents.evals.house import Happened, House
from agents.evals.pausing import Pause, Pauses
from bot.app.build import DOOR_SIZE, POOL_SIZE
from bot.app.database import temporary_database
from bot.app.passing import PassingTime
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
from bot.protocol.inbound import Address, UserRef
from bot.store.deeds import deeds_of, has_mail, is_busy, next_due
from bot.store.engine import begin, connect, create_engine
from bot.store.migrate import migrate
from bot.store.people import link_installation, sync_company
from bot.store.postgres import PostgresStore
from bot.store.records import PostgresRecords

_NEWS = {
    *("conversation.release", "worker.put_off"),
    *("conversation.consume", "turn.begin", "log.append_with"),
}
"""Transactions after which a conversation may be at rest, or have read its mail."""
_NOBODYS = ConversationId("")
"""Named where something may be due, whichever it is."""

Makes: TypeAlias = Callable[[Company, Records, Clock, Pauses], Agents]
"""Makes the agents that are on trial; their model speaks through the pauses."""
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
        clock: PassingTime,
        pauses: Pauses,
    ) -> None:
        self.company = company
        self.kit = kit
        self.clock = kit.clock
        self._time = clock
        self.inbox = Ingress(
            kit.store,
            {"slack": _AsTold(), "teams": _AsTold()},
            kit.clock,
            kit.telemetry,
            company.company.zone,
        )
        self.pauses = pauses
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
        async def rests() -> bool:
            async with connect(self._database) as conn:
                return not await is_busy(conn, tenant)

        return await self._until(rests, patience)

    @override
    async def paused(self, tenant: TenantId, pause: Pause, patience: float) -> bool:
        async def over() -> bool:
            if pause.reached.is_set():
                return True
            async with connect(self._database) as conn:
                return not await is_busy(conn, tenant)

        return await self._until(over, patience) and pause.reached.is_set()

    @override
    async def heard(self, tenant: TenantId, patience: float) -> bool:
        async def read() -> bool:
            async with connect(self._database) as conn:
                return not await has_mail(conn, tenant)

        return await self._until(read, patience)

    @override
    async def passes(self, tenant: TenantId, seconds: float, patience: float) -> bool:
        until = self.clock.now() + timedelta(seconds=seconds)
        while True:
            async with connect(self._database) as conn:
                due = await next_due(conn, tenant)
            await self._time.move_to(min(due or until, until))
            async with self.kit.store.begin("conversation.mail") as tx:
                await tx.notify(tenant, _NOBODYS)  # or it is seen a second later
            if not await self.rest(tenant, patience):
                return False
            if due is None or due > until:
                return True

    async def _until(self, so: Callable[[], Awaitable[bool]], patience: float) -> bool:
        """Return whether it becomes so; looked at again after all that may change it."""
        until = self.clock.monotonic() + patience
        while True:
            news = self._store.news
            if await so():
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


class _AsTold:
    """A platform that knows of nobody more than its message says."""

    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        """Return who it is."""
        del address
        return user


class _Watched(Store):
    """A store that tells when a conversation was let go, or has read its mail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.news = asyncio.Event()
        """Set, and replaced by another, each time."""

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        async with self._store.begin(point) as tx:
            yield tx
        if point in _NEWS:
            self.tell()

    def tell(self) -> None:
        """Let whoever waits look again."""
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


def trials_on(
    server: str,
    company: Company,
    company_file: Path,
    agents: Makes,
    *,
    today: date | None = None,
) -> Callable[[], AbstractAsyncContextManager[House]]:
    """Return what opens trials, each on a database of its own that is gone after it.

    Args:
        server: A database of the server.
        company: As in `on_trial`, as are the others.
        company_file: As there.
        agents: As there.
        today: As there.
    """
    migrating = asyncio.Lock()  # Alembic knows one migration in a process at a time

    @asynccontextmanager
    async def opened() -> AsyncGenerator[House]:
        async with temporary_database(server, "eval") as url:
            clock = PassingTime(url)
            async with migrating:
                await clock.begin()
                await migrate(url)
            async with on_trial(
                url, company, company_file, agents, clock, today=today
            ) as trial:
                yield trial

    return opened


@asynccontextmanager
async def on_trial(
    url: str,
    company: Company,
    company_file: Path,
    agents: Makes,
    clock: PassingTime,
    *,
    today: date | None = None,
) -> AsyncGenerator[Trial]:
    """Build the engine on a database and run it for the block.

    Args:
        url: A database of its own, without tenants.
        company: Whose agents are on trial.
        company_file: Where it is written; its articles are beside it.
        agents: Makes them.
        clock: The database's, too.
        today: The day on which everything happens; `agents.evals.scenario`.
    """
    pauses = Pauses()
    moved = clock.now().date() - today if today else timedelta()
    company = company.model_copy(
        update={"people": tuple(_known(p, moved) for p in company.people)}
    )
    engine = create_engine(url, pool_size=POOL_SIZE)
    door = create_engine(url, pool_size=DOOR_SIZE)
    try:
        store = _Watched(PostgresStore(engine, url, door=door))
        pauses.tell = store.tell
        records = PostgresRecords(engine)
        made = agents(company, records, clock, pauses)
        kit = _kit(store, company, records, made, clock)
        trial = Trial(
            company,
            load_articles(company, company_file),
            database=engine,
            kit=kit,
            store=store,
            clock=clock,
            pauses=pauses,
        )
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
    agents: Agents,
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
        performer=Performer(agents, clock, spending),
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
