"""Systems for tickets, with their clients: the same questions to each."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession

from adapters.simulator.stage import free_port
from adapters.simulator.systems.jira import USUAL_FORM, JiraStandIn
from adapters.simulator.systems.misbehaving import Misbehaving
from adapters.simulator.systems.servicenow import ServiceNowStandIn
from adapters.systems.build import connected_desk
from adapters.systems.wire import Sender
from bot.company.model import Company
from bot.company.systems import System
from bot.company.tickets import Tickets
from bot.ports.tickets import NewTicket, TicketSystem
from tests.support.companies import SAMPLE
from tests.support.patient_clock import PatientClock
from tests.support.sites import ATTEMPT, served
from tests.support.workshop import WORKSHOP

BOT, SECRET = "deskhand@desk.example", "shh-test"
MAYA, HER_MAIL = "acc-maya", "maya.chen@acme.example"
GROUP = "g" * 32
NEW = NewTicket(key="deskhand-1", title="Broken chair", body="It", email=HER_MAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A ticket by a stand-in's own books."""

    key: str
    who: str
    title: str
    body: str
    where: str
    comments: str


@dataclass(slots=True, kw_only=True)
class DeskSite:
    """One stand-in, and our client for it."""

    desk: TicketSystem
    world: Misbehaving
    clock: PatientClock
    books: Callable[[], list[Written]]
    settle: Callable[[str], str]
    """Has somebody finish a ticket; returns the state's name."""
    changes: str
    """The method by which a comment is added."""
    wrong: Mapping[str, TicketSystem]
    """Clients with a bad secret, with a queue that is not there, of nobody's address."""
    wait: Callable[[int], None] = field(default=lambda _: None)
    """Has so many looks not find what is written from now on."""


def jira() -> JiraStandIn:
    """Return a site with one service desk, and people some of whom are hidden."""
    return JiraStandIn(
        user=BOT,
        token=SECRET,
        people={MAYA: HER_MAIL, "acc-hidden": "", "acc-bot": BOT},
        forms={("10", "25"): dict(USUAL_FORM), ("10", "26"): dict(USUAL_FORM)},
    )


def servicenow() -> ServiceNowStandIn:
    """Return an instance with one group."""
    return ServiceNowStandIn(
        user=BOT, secret=SECRET, people={MAYA: HER_MAIL}, groups={GROUP}
    )


def jira_books(world: JiraStandIn) -> list[Written]:
    """Return all requests."""
    return [
        Written(
            key=one.labels[0],
            who=one.reporter,
            title=one.summary,
            body=one.description,
            where="/".join(one.where),
            comments="".join(one.comments),
        )
        for one in world.requests
    ]


def servicenow_books(world: ServiceNowStandIn) -> list[Written]:
    """Return all incidents."""
    return [
        Written(
            key=row["correlation_id"],
            who=row["caller_id"],
            title=row["short_description"],
            body=row["description"],
            where=row["assignment_group"],
            comments=row["comments"],
        )
        for row in world.incidents
    ]


JIRA_QUEUES = {
    "helpdesk": {"service_desk": "10", "request_type": "25"},
    "security": {"service_desk": "10", "request_type": "26"},
}
SERVICENOW_QUEUES = {"helpdesk": dict[str, str](), "security": {"group": GROUP}}


@asynccontextmanager
async def jira_site() -> AsyncGenerator[DeskSite]:
    """Give Jira's stand-in and our client for it."""
    world, clock = jira(), PatientClock()

    def settle(reference: str) -> str:
        [one] = [one for one in world.requests if one.key == reference]
        one.status = ("Resolved", "DONE")
        return "Resolved"

    def wait(looks: int) -> None:
        world.lag = looks

    async with served(world.app()) as url, ClientSession() as session:
        said = System(kind="jira", url=url, user=BOT, token_env="T")
        sender = Sender(session=session, clock=clock, seconds=ATTEMPT)
        gone = {"helpdesk": {"service_desk": "10", "request_type": "99"}}
        yield DeskSite(
            desk=_client(said, JIRA_QUEUES, SECRET, sender),
            world=world,
            clock=clock,
            books=lambda: jira_books(world),
            settle=settle,
            changes="POST",
            wrong={
                "secret": _client(said, JIRA_QUEUES, "stale", sender),
                "queue": _client(said, gone, SECRET, sender),
                "address": _client(_nowhere(said), JIRA_QUEUES, SECRET, sender),
            },
            wait=wait,
        )


@asynccontextmanager
async def servicenow_site() -> AsyncGenerator[DeskSite]:
    """Give ServiceNow's stand-in and our client for it."""
    world, clock = servicenow(), PatientClock()

    def settle(reference: str) -> str:
        world.close(reference, "6")
        return "Resolved"

    async with served(world.app()) as url, ClientSession() as session:
        said = System(
            kind="servicenow",
            url=url,
            user=BOT,
            token_env="T",
            portal="https://desk.example/sp",
        )
        sender = Sender(session=session, clock=clock, seconds=ATTEMPT)
        gone = {"helpdesk": {"group": "f" * 32}}
        yield DeskSite(
            desk=_client(said, SERVICENOW_QUEUES, SECRET, sender),
            world=world,
            clock=clock,
            books=lambda: servicenow_books(world),
            settle=settle,
            changes="PATCH",
            wrong={
                "secret": _client(said, SERVICENOW_QUEUES, "stale", sender),
                "queue": _client(said, gone, SECRET, sender),
                "address": _client(_nowhere(said), SERVICENOW_QUEUES, SECRET, sender),
            },
        )


def _nowhere(said: System) -> System:
    return said.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})


def _client(
    said: System,
    queues: Mapping[str, Mapping[str, str]],
    secret: str,
    sender: Sender,
) -> TicketSystem:
    tickets = Tickets.model_validate({"system": "desk", "queues": queues})
    update = {"systems": {"desk": said}, "tickets": tickets}
    company: Company = WORKSHOP.model_copy(update=update)
    desk = connected_desk(company, environ={"T": secret}, sender=sender)
    assert desk
    return desk


DESKS: Mapping[str, Callable[[], AbstractAsyncContextManager[DeskSite]]] = {
    "jira": jira_site,
    "servicenow": servicenow_site,
}


def company_with_desk(folder: Path, kind: str, url: str) -> Path:
    """Write the sample company with its tickets in one of the stand-ins."""
    queues = JIRA_QUEUES if kind == "jira" else SERVICENOW_QUEUES
    lines = [
        SAMPLE.read_text("utf-8"),
        f'[systems.desk]\nkind = "{kind}"\nurl = "{url}"\nuser = "{BOT}"',
        'token_env = "DESK_TOKEN_OF_TEST"',
        'portal = "https://desk.example/sp"' if kind == "servicenow" else "",
        '[tickets]\nsystem = "desk"',
    ]
    for name, said in queues.items():
        lines.append(f"[tickets.queues.{name}]")
        lines += [f'{key} = "{value}"' for key, value in said.items()]
    file = folder / "company.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file
