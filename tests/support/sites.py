"""Systems in which access is given, with their clients: the same questions to each."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from adapters.simulator.systems.entra import EntraStandIn
from adapters.simulator.systems.github import GitHubStandIn
from adapters.simulator.systems.misbehaving import Misbehaving, Mishap
from adapters.simulator.systems.okta import OktaStandIn
from adapters.systems.build import connected
from adapters.systems.wire import Sender
from bot.company.model import Company
from bot.company.systems import System
from bot.ports.systems import AccessSystem
from tests.support.companies import SAMPLE
from tests.support.patient_clock import PatientClock
from tests.support.workshop import WORKSHOP

TOKEN = "ghp_test"
TEAM, MEMBER, OUTSIDER = "core-writers", "maya-c", "new-here"
ATTEMPT = 1.0
"""Seconds for an attempt: only silence takes so long."""


@dataclass(slots=True, kw_only=True)
class Site:
    """One stand-in, and our client for it."""

    system: AccessSystem
    world: Misbehaving
    clock: PatientClock
    target: str
    account: str
    adds: str
    """The method by which somebody is added."""
    has: Callable[[], bool]
    """Whether the account is a member, by the stand-in's own books."""
    limit: Mishap
    """How it says that we ask too much."""
    outsider: str = ""
    """An account that can only be invited; empty: there is none such."""
    wrong: dict[str, AccessSystem] = field(default_factory=dict[str, AccessSystem])
    """Clients with bad credentials."""


def github() -> GitHubStandIn:
    """Return an organisation with one team and nobody in it."""
    return GitHubStandIn(
        token=TOKEN,
        org="acme",
        users={MEMBER, OUTSIDER},
        members={MEMBER},
        teams={TEAM: {}},
    )


@asynccontextmanager
async def served(app: web.Application) -> AsyncGenerator[str]:
    """Serve a stand-in and return its address."""
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def github_site() -> AsyncGenerator[Site]:
    """Give GitHub's stand-in and our client for it."""
    world, clock = github(), PatientClock()
    async with served(world.app()) as url, ClientSession() as session:
        said = System(kind="github", url=url, org="acme", token_env="T")
        sender = Sender(session=session, clock=clock, seconds=ATTEMPT)
        yield Site(
            system=_client(said, {"T": TOKEN}, sender),
            world=world,
            clock=clock,
            target=TEAM,
            account=MEMBER,
            adds="PUT",
            has=lambda: world.teams[TEAM].get(MEMBER) == "active",
            limit=Mishap(
                kind="answer",
                method="PUT",
                status=403,
                body={"message": "You have exceeded a secondary rate limit."},
            ),
            outsider=OUTSIDER,
            wrong={"token": _client(said, {"T": "stale"}, sender)},
        )


@asynccontextmanager
async def okta_site() -> AsyncGenerator[Site]:
    """Give Okta's stand-in, whose user has groups on several pages, and our client."""
    world = OktaStandIn(token=TOKEN, users={"00u1"}, groups={"00gz": set()})
    for number in range(4):
        world.groups[f"00g{number}"] = {"00u1"}
    clock = PatientClock()
    async with served(world.app()) as url, ClientSession() as session:
        said = System(kind="okta", url=url, token_env="T")
        sender = Sender(session=session, clock=clock, seconds=ATTEMPT)
        yield Site(
            system=_client(said, {"T": TOKEN}, sender),
            world=world,
            clock=clock,
            target="00gz",
            account="00u1",
            adds="PUT",
            has=lambda: "00u1" in world.groups["00gz"],
            limit=Mishap(
                kind="answer",
                method="PUT",
                status=429,
                body={"errorCode": "E0000047"},
            ),
            wrong={"token": _client(said, {"T": "stale"}, sender)},
        )


@asynccontextmanager
async def entra_site() -> AsyncGenerator[Site]:
    """Give Entra's stand-in and our client for it."""
    world = EntraStandIn(secret=TOKEN, users={"oid-1"}, groups={"gid": set()})
    clock = PatientClock()
    async with served(world.app()) as url, ClientSession() as session:
        said = System(
            kind="entra",
            url=f"{url}/v1.0",
            login_url=url,
            tenant="t",
            client_id="c",
            token_env="T",
        )
        sender = Sender(session=session, clock=clock, seconds=ATTEMPT)
        yield Site(
            system=_client(said, {"T": TOKEN}, sender),
            world=world,
            clock=clock,
            target="gid",
            account="oid-1",
            adds="POST",
            has=lambda: "oid-1" in world.groups["gid"],
            limit=Mishap(kind="answer", method="POST", status=429),
            wrong={"secret": _client(said, {"T": "stale"}, sender)},
        )


def _client(said: System, environ: Mapping[str, str], sender: Sender) -> AccessSystem:
    company: Company = WORKSHOP.model_copy(update={"systems": {"there": said}})
    return connected(company, environ=environ, sender=sender)["there"]


SITES = {"github": github_site, "okta": okta_site, "entra": entra_site}


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """A system for the sample company: a stand-in, and what the file says of it."""

    world: Misbehaving
    app: web.Application
    account: str
    target: str
    adds: str
    said: str
    """The system's own entries, but for its name; ``{url}`` is where it is."""
    members: Callable[[], Mapping[str, str] | set[str]]
    """Of the target, by the stand-in's books."""


def _github_abroad() -> Abroad:
    world = github()
    return Abroad(
        world=world,
        app=world.app(),
        account=MEMBER,
        target=TEAM,
        adds="PUT",
        said='kind = "github"\nurl = "{url}"\norg = "acme"',
        members=lambda: world.teams[TEAM],
    )


def _okta_abroad() -> Abroad:
    world = OktaStandIn(token=TOKEN, users={"00u1"}, groups={"00gz": set()})
    return Abroad(
        world=world,
        app=world.app(),
        account="00u1",
        target="00gz",
        adds="PUT",
        said='kind = "okta"\nurl = "{url}"',
        members=lambda: world.groups["00gz"],
    )


def _entra_abroad() -> Abroad:
    world = EntraStandIn(secret=TOKEN, users={"oid-1"}, groups={"gid": set()})
    said = (
        'kind = "entra"\nurl = "{url}/v1.0"\nlogin_url = "{url}"\n'
        'tenant = "t"\nclient_id = "c"'
    )
    return Abroad(
        world=world,
        app=world.app(),
        account="oid-1",
        target="gid",
        adds="POST",
        said=said,
        members=lambda: world.groups["gid"],
    )


ABROAD: Mapping[str, Callable[[], Abroad]] = {
    "github": _github_abroad,
    "okta": _okta_abroad,
    "entra": _entra_abroad,
}
"""Where the sample company's design system may be."""
TOKEN_VARIABLE = "TOKEN_OF_TEST"


def company_abroad(folder: Path, abroad: Abroad, url: str, more: str = "") -> Path:
    """Write the sample company with its design system's repository in a system.

    Args:
        folder: Where to write it.
        abroad: Which system.
        url: Where that is.
        more: What else is said of the repository.
    """
    text = SAMPLE.read_text("utf-8")
    targets = f'{{ read = "readers", write = "{abroad.target}", admin = "admins" }}'
    for before, added in (
        ('id = "maya.chen"\n', f'accounts = {{ abroad = "{abroad.account}" }}\n'),
        (
            'id = "repo/design-system"\n',
            f'system = "abroad"\ntargets = {targets}\n{more}',
        ),
    ):
        assert text.count(before) == 1
        text = text.replace(before, before + added)
    said = abroad.said.format(url=url)
    text += f'\n[systems.abroad]\n{said}\ntoken_env = "{TOKEN_VARIABLE}"\n'
    file = folder / "company.toml"
    file.write_text(text, "utf-8")
    return file
