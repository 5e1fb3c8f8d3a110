"""Connect a company's systems: the one call that the roof makes."""

from collections.abc import Mapping

from adapters.systems.entra import Entra
from adapters.systems.github import GitHub
from adapters.systems.okta import Okta
from adapters.systems.wire import Sender
from bot.company.model import Company
from bot.company.systems import System
from bot.errors import ConfigError
from bot.ports.systems import AccessSystem


def connected(
    company: Company,
    *,
    environ: Mapping[str, str],
    sender: Sender,
) -> Mapping[str, AccessSystem]:
    """Return the systems of ``company``, by name; none has been asked anything.

    Args:
        company: The company file.
        environ: Where the variables are that it names.
        sender: Sends.

    Raises:
        ConfigError: A secret is not in the environment.
    """
    secrets = {
        name: environ.get(s.token_env, "") for name, s in company.systems.items()
    }
    if missing := [name for name, secret in secrets.items() if not secret]:
        problems = [
            f"systems.{name}: the environment has no {company.systems[name].token_env}"
            for name in missing
        ]
        raise ConfigError("the company file", problems)
    return {
        name: _system(name, said, secrets[name], sender)
        for name, said in company.systems.items()
    }


def _system(name: str, said: System, secret: str, sender: Sender) -> AccessSystem:
    match said.kind:
        case "github":
            return GitHub(name, said, secret, sender)
        case "okta":
            return Okta(name, said, secret, sender)
        case "entra":
            return Entra(name, said, secret, sender)
