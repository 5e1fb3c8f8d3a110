"""The engine without a door and without platforms, for `deskhand bench`."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.simulator.bench.alone.engine import WORKSPACE, Alone, Silent
from bot.app.build import DOOR_SIZE, POOL_SIZE, tenant_of_company
from bot.app.memory import settle_memory
from bot.clock import Clock
from bot.company.file import load_company
from bot.engine.ingress import Ingress
from bot.engine.kit import Kit
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.telemetry import Telemetry
from bot.engine.worker import Worker
from bot.pacing.pacer import Pacer
from bot.ports.agent import Agents
from bot.ports.store import Store
from bot.store.engine import begin, create_engine
from bot.store.migrate import migrate
from bot.store.people import link_installation, sync_company
from bot.store.postgres import PostgresStore
from bot.store.records import PostgresRecords


@asynccontextmanager
async def built_alone(
    url: str,
    company_file: Path,
    agents: Agents,
    clock: Clock,
    *,
    seen_through: Callable[[Store], Store] = lambda store: store,
) -> AsyncGenerator[Alone]:
    """Build the engine on a database, with the pools of a real bot.

    Args:
        url: An empty database, or one that this made before.
        company_file: Whose people speak.
        agents: Who answers them.
        clock: The time.
        seen_through: Wraps the store, e.g. to see how long it takes.
    """
    company = load_company(company_file)
    tenant = tenant_of_company(company)
    await migrate(url)
    engine = create_engine(url, pool_size=POOL_SIZE)
    door = create_engine(url, pool_size=DOOR_SIZE)
    try:
        async with begin(engine) as conn:
            await sync_company(conn, tenant, company, ())
            await link_installation(conn, tenant, "slack", WORKSPACE)
        store = seen_through(PostgresStore(engine, url, door=door))
        telemetry = Telemetry()
        records = PostgresRecords(engine)
        kit = Kit(
            store=store,
            clock=clock,
            writer=LogWriter(store, clock, telemetry),
            performer=Performer(agents, clock),
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
        settle_memory()
        yield Alone(
            kit=kit,
            worker=Worker(kit, worker_id="bench", capacity=1000),
            ingress=Ingress(store, {}, clock, telemetry),
            tenant=tenant,
        )
    finally:
        await engine.dispose()
        await door.dispose()
