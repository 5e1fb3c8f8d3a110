"""Build everything and run it: the composition root. No logic lives here.

The order is the order of dependence: database, schema, company, platforms, agents,
engine, web routes. Shutting down goes the other way round: first nothing new is
claimed, then turns end or park, then what is left is handed back.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from agents.build import build_agents
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.console.api import console_routes
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.ingress import slack_routes
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import teams_routes
from bot.clock import Clock, SystemClock
from bot.company.file import load_articles, load_company
from bot.company.model import Company
from bot.engine.delivery import Delivery
from bot.engine.ingress import Ingress
from bot.engine.journal import PostgresJournal
from bot.engine.kit import Kit
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.telemetry import Telemetry
from bot.engine.worker import Worker
from bot.errors import ConfigError, StoreUnavailableError
from bot.pacing.pacer import Pacer
from bot.ports.journal import Journal
from bot.ports.surface import Platform
from bot.protocol.ids import PlatformName, TenantId
from bot.settings import Settings
from bot.store.embedded import embedded_postgres
from bot.store.engine import begin, create_engine
from bot.store.migrate import migrate, pending
from bot.store.people import link_installation, sync_company
from bot.store.records import PostgresRecords

__all__ = ["built", "migrate", "opened_database", "opened_journal", "pending", "serve"]

log = structlog.get_logger()

DRAIN_SECONDS = 20.0
"""How long turns may take to end or park once the process is told to stop."""
POOL_SIZE = 12
"""Connections to Postgres: ingress, the log writer, and some for tools."""
MAX_BODY_BYTES = 1024 * 1024
"""Larger webhook bodies are refused; both platforms stay far below."""


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[str]:
    """Give the database's URL; without a setting, the embedded Postgres runs."""
    if settings.database_url:
        yield settings.database_url
        return
    async with embedded_postgres(settings.home / "postgres") as url:
        yield url


@asynccontextmanager
async def opened_journal(settings: Settings) -> AsyncIterator[Journal]:
    """Give the log for reading, without running anything."""
    async with opened_database(settings) as url:
        await migrate(url)
        database = create_engine(url, pool_size=2)
        try:
            yield PostgresJournal(database)
        finally:
            await database.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A bot that is built and not yet running."""

    database: AsyncEngine
    delivery: Delivery
    worker: Worker
    writer: LogWriter
    telemetry: Telemetry
    web: web.Application


@asynccontextmanager
async def built(settings: Settings, url: str) -> AsyncIterator[Bot]:
    """Build the bot on a database and close what it opened at the end."""
    clock = SystemClock()
    company = load_company(settings.company_file)
    await migrate(url)
    async with AsyncExitStack() as stack:
        database = create_engine(url, pool_size=POOL_SIZE)
        stack.push_async_callback(database.dispose)
        platforms = await _platforms(settings, clock, stack)
        tenant = tenant_of_company(company)
        await _install(settings, database, company, tenant, platforms)
        yield _wire(settings, url, database, company, platforms, clock)


def tenant_of_company(company: Company) -> TenantId:
    """Return the tenant that a company file describes: its name, as an id."""
    kept = [c if c.isalnum() else "-" for c in company.company.name.lower()]
    return TenantId("".join(kept).strip("-") or "company")


async def _platforms(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> dict[PlatformName, Platform]:
    found: dict[PlatformName, Platform] = {}
    if settings.slack:
        config = SlackConfig(
            signing_secret=settings.slack.signing_secret,
            bot_token=settings.slack.bot_token,
            api_url=settings.slack.api_url,
        )
        slack = SlackPlatform(config, clock=clock)
        await slack.start()
        stack.push_async_callback(slack.close)
        found["slack"] = slack
    if settings.teams:
        teams = TeamsPlatform(_teams_config(settings), clock=clock)
        await teams.start()
        stack.push_async_callback(teams.close)
        found["teams"] = teams
    return found


def _teams_config(settings: Settings) -> TeamsConfig:
    teams = settings.teams
    assert teams is not None, "only called when Teams is set up"
    first = teams.service_urls[0]
    return TeamsConfig(
        app_id=teams.app_id,
        app_password=teams.app_password,
        tenant_id=teams.tenant_id,
        app_type="MultiTenant" if teams.app_type == "MultiTenant" else "SingleTenant",
        metadata_url=teams.metadata_url,
        token_url=teams.token_url,
        service_urls=teams.service_urls,
        allow_anonymous=teams.allow_anonymous,
        default_service_url=first if "://" in first else f"https://{first}/teams/",
    )


async def _install(
    settings: Settings,
    database: AsyncEngine,
    company: Company,
    tenant: TenantId,
    platforms: Mapping[PlatformName, Platform],
) -> None:
    """Write the company into the database and link it to its workspaces."""
    articles = load_articles(company, settings.company_file)
    async with begin(database) as conn:
        await sync_company(conn, tenant, company, articles)
        for name, platform in platforms.items():
            await link_installation(conn, tenant, name, platform.workspace)


def _wire(
    settings: Settings,
    url: str,
    database: AsyncEngine,
    company: Company,
    platforms: Mapping[PlatformName, Platform],
    clock: Clock,
) -> Bot:
    telemetry = Telemetry()
    records = PostgresRecords(database)
    agents = build_agents(
        company,
        records,
        clock,
        anthropic_api_key=settings.model.api_key,
        anthropic_base_url=settings.model.base_url,
        model=settings.model.model,
        words_per_second=settings.model.words_per_second,
    )
    writer = LogWriter(database, clock, telemetry)
    delivery = Delivery(
        database=database,
        platforms=platforms,
        reach=Reach(database, records, platforms),
        pacer=Pacer(),
        clock=clock,
        telemetry=telemetry,
        footer=agents.footer(),
    )
    kit = Kit(
        database=database,
        clock=clock,
        writer=writer,
        performer=Performer(agents, clock),
        delivery=delivery,
        records=records,
        telemetry=telemetry,
    )
    worker = Worker(
        kit, database_url=url, worker_id=f"{socket.gethostname()}:{os.getpid()}"
    )
    ingress = Ingress(database, platforms, clock, telemetry)
    journal = PostgresJournal(database, writer)
    application = web.Application(client_max_size=MAX_BODY_BYTES)
    _add_routes(application, platforms, ingress)
    application.add_routes(
        console_routes(journal, lambda: _pacing(delivery), token=settings.console_token)
    )
    application.add_routes(_health_routes(database, telemetry))
    return Bot(
        database=database,
        delivery=delivery,
        worker=worker,
        writer=writer,
        telemetry=telemetry,
        web=application,
    )


def _add_routes(
    application: web.Application,
    platforms: Mapping[PlatformName, Platform],
    ingress: Ingress,
) -> None:
    for platform in platforms.values():
        if isinstance(platform, SlackPlatform):
            application.add_routes(slack_routes(ingress, platform))
        elif isinstance(platform, TeamsPlatform):
            application.add_routes(teams_routes(ingress, platform))


def _pacing(delivery: Delivery) -> dict[str, Any]:
    tally = delivery.tally
    return {
        "sent": tally.sent,
        "saved": tally.saved,
        "throttled": tally.throttled,
        "lanes": [
            {"key": level.key, "left": level.left, "capacity": level.size}
            for level in delivery.lane_levels()
        ],
    }


def _health_routes(database: AsyncEngine, telemetry: Telemetry) -> list[web.RouteDef]:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        try:
            async with begin(database) as conn:
                await conn.execute(text("SELECT 1"))
        except StoreUnavailableError as error:
            return web.Response(status=503, text=f"{error}\n{error.hint}\n")
        return web.Response(text="ready\n")

    async def metrics(_request: web.Request) -> web.Response:
        body = generate_latest(telemetry.registry)
        return web.Response(
            body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
    ]


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the bot until SIGTERM or SIGINT, then drain.

    Raises:
        ConfigError: No platform is set up, or something cannot be reached.
    """
    if not (settings.slack or settings.teams):
        raise ConfigError(
            "the environment",
            [
                "no platform is set up; set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN, "
                "or MICROSOFT_APP_ID, MICROSOFT_APP_PASSWORD and "
                "MICROSOFT_APP_TENANT_ID, or try `deskhand demo`"
            ],
        )
    async with opened_database(settings) as url, built(settings, url) as bot:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await run(bot, host=host, port=port, stopping=stopping)


async def run(bot: Bot, *, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serve and work until ``stopping`` is set, then drain."""
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(bot.writer.run()),
            tasks.create_task(bot.delivery.run()),
        ]
        working = tasks.create_task(bot.worker.run())
        runner = web.AppRunner(
            bot.web, handler_cancellation=True, access_log=None, shutdown_timeout=2.0
        )
        await runner.setup()
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        log.info("serve.ready", host=host, port=port)
        await stopping.wait()
        log.info("serve.draining", conversations=bot.worker.conversations)
        await runner.cleanup()
        bot.worker.drain()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.shield(working)
        except TimeoutError:
            await bot.worker.let_go()
        for task in (*background, working):
            task.cancel()
    log.info("serve.stopped")
