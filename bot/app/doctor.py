"""The checks behind ``deskhand doctor``: each says what it found."""

import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import ClientSession
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.systems.build import connected, connected_desk
from adapters.systems.wire import Sender
from agents.mcp.build import attach_servers
from agents.roster import Agent, roster_of
from agents.toolbox import toolbox_of
from agents.tools.own import own_tools
from bot.app.build import tenant_of_company
from bot.app.database import opened_database, pending
from bot.app.platforms import start_platforms
from bot.clock import SystemClock
from bot.company.file import load_articles, load_company
from bot.company.model import Scim
from bot.company.pushed import joined, not_pushed
from bot.engine.generation import GENERATION
from bot.errors import ConfigError
from bot.ports.systems import NotDone
from bot.settings import Settings
from bot.store.engine import begin, connect, create_engine
from bot.store.pushed import read_groups, read_people

MOST_CLOCK_DRIFT = 60.0
"""Seconds that our clock may differ from the database's. Slack allows 300."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    subject: str
    text: str
    ok: bool = True


async def check_company(settings: Settings) -> list[Finding]:
    """Read the company file and its articles."""
    company = load_company(settings.company_file)
    roster = roster_of(company)
    own = own_tools(company, settings.company_file.parent)
    toolbox_of(company, roster, [one.tool for one in own])
    articles = load_articles(company, settings.company_file)
    text = (
        f"{company.company.name}: {len(company.people)} people, "
        f"{len(company.resources)} things to ask for, {len(company.policies)} policies"
    )
    agents = ", ".join(map(_agent, roster.agents.values()))
    found = [Finding("company", text), Finding("agents", agents)]
    if own:
        tools = ", ".join(f"{o.tool.name} ({o.tool.effect}, {o.place})" for o in own)
        found.append(Finding("tools", tools))
    folder = settings.company_file.parent / company.knowledge.folder
    found.append(
        Finding("knowledge", f"{len(articles)} articles in {folder}")
        if articles
        else Finding("knowledge", f"no articles in {folder}; add *.md files", ok=False)
    )
    return found


def _agent(agent: Agent) -> str:
    """Return an agent's name, and which file of the company's own it is from."""
    files = {place.partition(",")[0] for place in agent.places.values()}
    told = [*sorted(files)]
    if agent.hands_to:
        told.append(f"hands over to {', '.join(agent.hands_to)}")
    return f"{agent.name} ({'; '.join(told)})" if told else agent.name


async def check_database(settings: Settings) -> list[Finding]:
    """Connect, compare the schema and the clock."""
    async with opened_database(settings) as url:
        missing = await pending(url)
        database = create_engine(url, pool_size=1)
        try:
            async with begin(database) as conn:
                row = (
                    await conn.execute(
                        text("SELECT now() AS now, version() AS version")
                    )
                ).one()
                waiting = [] if missing else await _what_waits(conn)
        finally:
            await database.dispose()
    drift = abs((SystemClock().now() - row.now).total_seconds())
    where = "DATABASE_URL" if settings.database_url else f"embedded in {settings.home}"
    return [
        Finding("database", f"{row.version.split(' on ')[0]}, {where}"),
        Finding("schema", "up to date")
        if not missing
        else Finding(
            "schema",
            f"{len(missing)} migrations are missing; run `deskhand migrate` "
            "(`deskhand serve` does it too)",
            ok=not settings.database_url,
        ),
        Finding("clock", f"differs from the database's by {drift:.1f} s")
        if drift <= MOST_CLOCK_DRIFT
        else Finding(
            "clock",
            f"differs from the database's by {drift:.0f} s; set up time "
            "synchronisation, or webhooks are refused as stale",
            ok=False,
        ),
        *waiting,
    ]


_WAITING = """
SELECT
    (SELECT count(*) FROM turn WHERE degraded <> '') AS damaged,
    (SELECT count(*) FROM conversation WHERE needs > :generation AND due_at IS NOT NULL)
        AS newer,
    (SELECT count(*) FROM turn
     WHERE wake_at < statement_timestamp() - interval '10 minutes') AS overdue,
    (SELECT count(*) FROM access_grant
     WHERE ended_at IS NULL AND ends_at < statement_timestamp() - interval '10 minutes')
        AS unended,
    (SELECT coalesce(max(ending_why), '') FROM access_grant
     WHERE ended_at IS NULL AND ends_at < statement_timestamp() - interval '10 minutes')
        AS why
"""


async def _what_waits(conn: AsyncConnection) -> list[Finding]:
    """Say what somebody should look at: damage, and what nobody works on."""
    row = (await conn.execute(text(_WAITING), {"generation": GENERATION})).one()
    told = {
        "damaged turns": (
            row.damaged,
            (
                "look at `deskhand turns list`, and restore their rows from a backup "
                "if the audit needs them"
            ),
        ),
        "newer release": (
            row.newer,
            (
                "these conversations wait for workers of a newer release; "
                "finish the deploy, or go back to that release"
            ),
        ),
        "overdue turns": (row.overdue, "no worker runs; start `deskhand serve`"),
        "access that should have ended": (
            row.unended,
            (
                f"{row.why or 'no worker runs; start `deskhand serve`'}; "
                "docs/taking-away.md says what each reason means"
            ),
        ),
    }
    found = [
        Finding(subject, f"{count}: {hint}", ok=False)
        for subject, (count, hint) in told.items()
        if count
    ]
    return found or [Finding("turns", "none is damaged, stuck or overdue")]


async def check_platforms(settings: Settings) -> list[Finding]:
    """Let every platform that is set up accept the bot's token."""
    async with AsyncExitStack() as stack:
        mounted = await start_platforms(settings, SystemClock(), stack)
        found = [
            Finding(m.platform.name, f"reached, workspace {m.platform.workspace}")
            for m in mounted
        ]
    if not found:
        problem = (
            "none is set up; docs/settings.md says how, `deskhand demo` needs none"
        )
        return [Finding("platforms", problem, ok=False)]
    return found


async def check_model(settings: Settings) -> list[Finding]:
    """Say who speaks. The key itself is only tried with the first question."""
    if settings.model.api_key:
        text = f"{settings.model.model} at {settings.model.base_url} (key not tried)"
    else:
        text = "scripted, offline; set ANTHROPIC_API_KEY for a language model"
    return [Finding("model", text)]


async def check_servers(settings: Settings) -> list[Finding]:
    """Connect to every MCP server, and say which tools it has and what they may do."""
    try:
        company = load_company(settings.company_file)
    except ConfigError:
        return []  # the first check has said so
    servers = attach_servers(
        company,
        environ=os.environ,
        folder=settings.company_file.parent,
        clock=SystemClock(),
    )
    said = await servers.look()
    return [Finding(f"mcp {line.about}", line.text, ok=line.ok) for line in said]


async def check_pushed(settings: Settings) -> list[Finding]:
    """Say who was pushed, and whose manager nobody can tell."""
    try:
        company = load_company(settings.company_file)
    except ConfigError:
        return []  # the first check has said so
    if not settings.scim_token:
        unset = "the company file has [scim], and DESKHAND_SCIM_TOKEN is not set"
        return [Finding("scim", unset, ok=False)] if company.scim != Scim() else []
    tenant = tenant_of_company(company)
    async with opened_database(settings) as url:
        if await pending(url):
            return []  # the database's check has said so
        database = create_engine(url, pool_size=1)
        try:
            async with connect(database) as conn:
                people = await read_people(conn, tenant)
                groups = await read_groups(conn, tenant)
        finally:
            await database.dispose()
    _, uncertain = joined(company, people, groups)
    active = sum(one.active for one in people)
    missing = not_pushed(company, people, groups)
    return [
        Finding("scim", f"{active} active people and {len(groups)} groups are pushed"),
        *(
            Finding(
                f"manager of {one.person.id}",
                f"{one.manager!r}: {one.cause}; nobody decides as their manager",
                ok=False,
            )
            for one in uncertain
        ),
        *(
            Finding(
                f"scim {name}",
                "the company file waits for it, and it is not pushed; until then it "
                "decides nothing",
                ok=False,
            )
            for name in missing
        ),
    ]


async def check_systems(settings: Settings) -> list[Finding]:
    """Read in every system whether what the company file names is there."""
    try:
        company = load_company(settings.company_file)
    except ConfigError:
        return []  # the first check has said so
    found: list[Finding] = []
    async with ClientSession() as session:
        sender = Sender(session=session, clock=SystemClock())
        systems = connected(company, environ=os.environ, sender=sender)
        for name, system in systems.items():
            targets = [
                target
                for resource in company.resources
                if resource.system == name
                for target in resource.targets.values()
            ]
            found.append(_said_by(name, await system.check(sorted(set(targets)))))
        if desk := connected_desk(company, environ=os.environ, sender=sender):
            found.append(_said_by(desk.name, await desk.check()))
    return found


def _said_by(system: str, said: str | NotDone) -> Finding:
    if isinstance(said, NotDone):
        text = f"{said.why}: {said.detail}. {said.hint}"
        return Finding(f"system {system}", text, ok=False)
    return Finding(f"system {system}", said, ok=True)


CHECKS: Mapping[str, Callable[[Settings], Awaitable[list[Finding]]]] = {
    "company": check_company,
    "database": check_database,
    "platforms": check_platforms,
    "model": check_model,
    "mcp": check_servers,
    "scim": check_pushed,
    "systems": check_systems,
}
