"""Connect a company's systems: the calls that the roof makes."""

from collections.abc import Mapping

from adapters.systems.entra import Entra
from adapters.systems.github import GitHub
from adapters.systems.jira import Jira
from adapters.systems.okta import Okta
from adapters.systems.servicenow import ServiceNow
from adapters.systems.wire import Sender
from bot.company.model import Company
from bot.company.systems import System
from bot.errors import ConfigError
from bot.ports.systems import AccessSystem
from bot.ports.tickets import TicketSystem


def connected(
    company: Company,
    *,
    environ: Mapping[str, str],
    sender: Sender,
) -> Mapping[str, AccessSystem]:
    """Return the systems in which access is given, by name; none was asked anything.

    Args:
        company: The company file.
        environ: Where the variables are that it names.
        sender: Sends.

    Raises:
        ConfigError: A secret is not in the environment.
    """
    return {
        name: _system(name, said, secret, sender)
        for name, (said, secret) in _with_secrets(company, environ).items()
        if not said.has_tickets
    }


def connected_desk(
    company: Company,
    *,
    environ: Mapping[str, str],
    sender: Sender,
) -> TicketSystem | None:
    """Return the system for the tickets of ``company``; it has not been asked anything.

    Args:
        company: The company file.
        environ: Where the variables are that it names.
        sender: Sends.

    Returns:
        ``None`` where tickets go into our own records alone.

    Raises:
        ConfigError: A secret is not in the environment.
    """
    name = company.tickets.system
    if not name:
        return None
    said, secret = _with_secrets(company, environ)[name]
    kind = Jira if said.kind == "jira" else ServiceNow
    return kind(name, said, company.tickets, secret, sender)


def _with_secrets(
    company: Company, environ: Mapping[str, str]
) -> Mapping[str, tuple[System, str]]:
    found = {
        name: (said, environ.get(said.token_env, ""))
        for name, said in company.systems.items()
    }
    problems = [
        f"systems.{name}: the environment has no {said.token_env}"
        for name, (said, secret) in found.items()
        if not secret
    ]
    if problems:
        raise ConfigError("the company file", problems)
    return found


def _system(name: str, said: System, secret: str, sender: Sender) -> AccessSystem:
    match said.kind:
        case "github":
            return GitHub(name, said, secret, sender)
        case "okta":
            return Okta(name, said, secret, sender)
        case "entra":
            return Entra(name, said, secret, sender)
        case "jira" | "servicenow":
            raise AssertionError("it is for tickets")
