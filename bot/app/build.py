"""Build the bot in the order of dependence: schema, company, platforms, engine, web."""

import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, web
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.console.api import add_console
from adapters.scim.routes import scim_routes
from adapters.systems.build import connected, connected_desk
from adapters.systems.wire import Sender
from agents.build import build_agents
from agents.endings import Ender
from agents.endings import Meter as EndingMeter
from agents.mcp.build import attach_servers
from agents.mcp.meter import Meter
from agents.toolbox import Attached
from agents.tools.own import own_tools
from bot.app.health import health_routes, pacing_of
from bot.app.platforms import Mounted, start_platforms
from bot.app.watching import KnowledgeWatch
from bot.clock import Clock, SyncedClock, SystemClock
from bot.company.file import (
    ArticleFile,
    knowledge_folder,
    load_articles,
    load_company,
)
from bot.company.model import Company
from bot.engine.budgets import Budgets
from bot.engine.delivery import Delivery
from bot.engine.ingress import Ingress
from bot.engine.journal import StoredJournal
from bot.engine.kit import Kit
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.spending import Spending
from bot.engine.sweeper import Sweeper
from bot.engine.telemetry import Telemetry
from bot.engine.timekeeper import Timekeeper
from bot.engine.worker import Worker
from bot.errors import ConfigError
from bot.pacing.pacer import Pacer
from bot.ports.agent import Agents
from bot.ports.presence import Presence
from bot.ports.provisioning import Provisioning
from bot.ports.staff import Staff
from bot.ports.store import Store
from bot.ports.streaming import Streams
from bot.ports.surface import Platform
from bot.ports.systems import AccessSystem
from bot.ports.tickets import TicketSystem
from bot.protocol.ids import PlatformName, TenantId
from bot.settings import Settings
from bot.store.endings import StoredEndings
from bot.store.engine import begin, create_engine
from bot.store.knowledge import Written, write_folder
from bot.store.migrate import migrate
from bot.store.people import link_installation, save_tenant, sync_company
from bot.store.postgres import PostgresStore
from bot.store.provisioning import StoredProvisioning
from bot.store.pushed import rejoin
from bot.store.records import PostgresRecords
from bot.store.staff import StoredStaff

POOL_SIZE = 12
"""Connections to Postgres: the log writer, turns, and some for tools."""
DOOR_SIZE = 8
"""Connections for what comes in: a webhook's answer waits for no turn."""
MAX_BODY_BYTES = 1024 * 1024
"""Larger webhook bodies are refused; both platforms stay far below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What may stand between the engine and what it uses; nothing, unless tested."""

    store: Callable[[Store], Store] = lambda store: store
    platform: Callable[[Platform], Platform] = lambda platform: platform
    streams: Callable[[Streams], Streams] = lambda streams: streams
    agents: Callable[[Agents], Agents] = lambda agents: agents


SEAMLESS = Seams()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A bot that is built and not yet running."""

    delivery: Delivery
    worker: Worker
    writer: LogWriter
    sweeper: Sweeper
    timekeeper: Timekeeper
    ender: Ender
    attached: Attached
    """Tools of MCP servers, connected while the bot runs."""
    knowledge: KnowledgeWatch
    web: web.Application


@asynccontextmanager
async def built(
    settings: Settings, url: str, *, seams: Seams = SEAMLESS
) -> AsyncGenerator[Bot]:
    """Build the bot on a database and close what it opened at the end."""
    clock = SyncedClock(SystemClock())
    company = load_company(settings.company_file)
    await migrate(url)
    async with AsyncExitStack() as stack:
        engine = create_engine(url, pool_size=POOL_SIZE)
        stack.push_async_callback(engine.dispose)
        door = create_engine(url, pool_size=DOOR_SIZE)
        stack.push_async_callback(door.dispose)
        store = seams.store(PostgresStore(engine, url, door=door))
        timekeeper = Timekeeper(store, clock)
        await timekeeper.look()
        mounted = await start_platforms(settings, clock, stack)
        knowledge = _knowledge(settings, engine, company, clock)
        await _install(settings, engine, company, mounted)
        records, telemetry = PostgresRecords(engine), Telemetry()
        tenant = tenant_of_company(company)
        staff = StoredStaff(engine, tenant, company)
        attached = attach_servers(
            company,
            environ=os.environ,
            folder=settings.company_file.parent,
            clock=clock,
            meter=_mcp_meter(telemetry),
        )
        session = await stack.enter_async_context(ClientSession())
        sender = Sender(session=session, clock=clock)
        systems = connected(company, environ=os.environ, sender=sender)
        desk = connected_desk(company, environ=os.environ, sender=sender)
        platforms: Mapping[PlatformName, Platform] = {
            name: seams.platform(platform)
            for name, platform in _by_name(mounted).items()
        }
        streams: Mapping[PlatformName, Streams] = {
            one.platform.name: seams.streams(one.streams)
            for one in mounted
            if settings.native_streams
        }
        kit = _kit(
            store,
            clock,
            company=company,
            platforms=platforms,
            streams=streams,
            presences={one.platform.name: one.presence for one in mounted},
            records=records,
            agents=seams.agents(
                _agents(
                    settings,
                    company,
                    records,
                    clock,
                    attached=attached,
                    staff=staff,
                    systems=systems,
                    desk=desk,
                )
            ),
            telemetry=telemetry,
        )
        yield Bot(
            delivery=kit.delivery,
            worker=Worker(kit, worker_id=_worker_id()),
            writer=kit.writer,
            sweeper=Sweeper(kit),
            timekeeper=timekeeper,
            ender=Ender(
                tenant=tenant,
                company=company,
                endings=StoredEndings(engine, tenant),
                records=records,
                systems=systems,
                clock=clock,
                desk=desk,
                meter=_ending_meter(telemetry),
            ),
            knowledge=knowledge,
            attached=attached,
            web=_web(
                settings,
                company,
                kit,
                mounted,
                platforms,
                provisioning=StoredProvisioning(engine, tenant, company),
            ),
        )


def _worker_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def tenant_of_company(company: Company) -> TenantId:
    """Return the tenant that a company file describes: its name, as an id."""
    kept = [c if c.isalnum() else "-" for c in company.company.name.lower()]
    return TenantId("".join(kept).strip("-") or "company")


async def _install(
    settings: Settings,
    engine: AsyncEngine,
    company: Company,
    mounted: Sequence[Mounted],
) -> None:
    """Write the company into the database and link it to its workspaces."""
    tenant = tenant_of_company(company)
    file = settings.company_file
    is_there = knowledge_folder(company, file).is_dir()
    articles = load_articles(company, file) if is_there else None
    async with begin(engine) as conn:
        await sync_company(conn, tenant, company, articles)
        await rejoin(conn, tenant, company)
        for name, platform in _by_name(mounted).items():
            workspace = platform.workspace
            if not await link_installation(conn, tenant, name, workspace):
                problem = (
                    f"{name} workspace {workspace} belongs to another company here; "
                    "use a database of its own for this company"
                )
                raise ConfigError("the database", [problem])


def _knowledge(
    settings: Settings, engine: AsyncEngine, company: Company, clock: Clock
) -> KnowledgeWatch:
    """Return who follows the folder; made before it is read, to miss no change."""
    tenant = tenant_of_company(company)

    async def write(articles: Sequence[ArticleFile]) -> Written:
        async with begin(engine) as conn:
            await save_tenant(conn, tenant, company.company.name)
            return await write_folder(conn, tenant, articles)

    folder = knowledge_folder(company, settings.company_file)
    return KnowledgeWatch(folder, write, clock)


def _agents(
    settings: Settings,
    company: Company,
    records: PostgresRecords,
    clock: Clock,
    *,
    attached: Attached,
    staff: Staff,
    systems: Mapping[str, AccessSystem],
    desk: TicketSystem | None,
) -> Agents:
    return build_agents(
        company,
        records,
        clock,
        anthropic_api_key=settings.model.api_key,
        anthropic_base_url=settings.model.base_url,
        model=settings.model.model,
        fallback=settings.model.fallback,
        summaries=settings.model.summaries,
        words_per_second=settings.model.words_per_second,
        more=[own.tool for own in own_tools(company, settings.company_file.parent)],
        attached=attached,
        staff=staff,
        systems=systems,
        desk=desk,
    )


def _kit(
    store: Store,
    clock: Clock,
    *,
    company: Company,
    platforms: Mapping[PlatformName, Platform],
    streams: Mapping[PlatformName, Streams],
    presences: Mapping[PlatformName, Presence],
    records: PostgresRecords,
    agents: Agents,
    telemetry: Telemetry,
) -> Kit:
    delivery = Delivery(
        store=store,
        platforms=platforms,
        streams=streams,
        presences=presences,
        reach=Reach(store, records, platforms),
        pacer=Pacer(alone=False),
        budgets=Budgets(
            store,
            clock,
            tenant=tenant_of_company(company),
            replica=f"{_worker_id()}/{clock.now().timestamp():.3f}",
        ),
        clock=clock,
        telemetry=telemetry,
        footer=agents.footer(),
        zone=company.company.zone,
    )
    return Kit(
        store=store,
        clock=clock,
        writer=LogWriter(store, clock, telemetry),
        performer=Performer(
            agents,
            clock,
            Spending(
                store=store,
                clock=clock,
                telemetry=telemetry,
                limits=company.limits,
                zone=company.company.zone,
            ),
        ),
        delivery=delivery,
        records=records,
        telemetry=telemetry,
    )


def _ending_meter(telemetry: Telemetry) -> EndingMeter:
    return EndingMeter(
        ended=lambda outcome: telemetry.grants_ended.labels(outcome).inc(),
        overdue=telemetry.grants_overdue.set,
    )


def _mcp_meter(telemetry: Telemetry) -> Meter:
    return Meter(
        connected=lambda server, count: telemetry.mcp_connected.labels(server).set(
            count
        ),
        called=lambda server, outcome: telemetry.mcp_calls.labels(
            server, outcome
        ).inc(),
    )


def _by_name(mounted: Sequence[Mounted]) -> Mapping[PlatformName, Platform]:
    return {one.platform.name: one.platform for one in mounted}


def _web(
    settings: Settings,
    company: Company,
    kit: Kit,
    mounted: Sequence[Mounted],
    platforms: Mapping[PlatformName, Platform],
    *,
    provisioning: Provisioning,
) -> web.Application:
    ingress = Ingress(
        kit.store, platforms, kit.clock, kit.telemetry, company.company.zone
    )
    journal = StoredJournal(kit.store, kit.writer)
    application = web.Application(client_max_size=MAX_BODY_BYTES)
    for one in mounted:
        application.add_routes(one.routes(ingress))
    add_console(
        application,
        journal,
        lambda: pacing_of(kit.delivery),
        token=settings.console_token,
    )
    requests = kit.telemetry.scim_requests
    application.add_routes(
        scim_routes(
            provisioning,
            token=settings.scim_token,
            accounts=[one.scim for one in company.systems.values() if one.scim],
            entra=company.scim.entra,
            counted=lambda about, outcome: requests.labels(about, outcome).inc(),
        )
    )
    application.add_routes(health_routes(kit.store, kit.telemetry))
    return application
