"""Attach a company's MCP servers: the one call that the roof makes.

The client takes seconds and 29 MB to import, so it is only for companies that have
servers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agents.mcp.meter import NOT_COUNTED, Meter
from agents.roster import roster_of
from agents.toolbox import NOTHING_ATTACHED, Attached
from bot.clock import Clock
from bot.company.model import Company
from bot.errors import ConfigError

if TYPE_CHECKING:
    from agents.mcp.servers import Servers


def attach_servers(
    company: Company,
    *,
    environ: Mapping[str, str],
    folder: Path,
    clock: Clock,
    meter: Meter = NOT_COUNTED,
) -> Attached:
    """Return the servers of ``company``, not yet connected.

    Args:
        company: The company file.
        environ: Where the variables are that it names.
        folder: Where it lies.
        clock: For the pauses between attempts.
        meter: Where calls and connections are counted.

    Raises:
        ConfigError: Tools are given to agents that do not exist.
    """
    if not company.mcp:
        return NOTHING_ATTACHED
    return servers_of(company, environ=environ, folder=folder, clock=clock, meter=meter)


def servers_of(
    company: Company,
    *,
    environ: Mapping[str, str],
    folder: Path,
    clock: Clock,
    meter: Meter = NOT_COUNTED,
) -> "Servers":
    """Return the servers of a company that has some, see `attach_servers`."""
    # Only now, see above.
    from agents.mcp.connection import Connection  # noqa: PLC0415
    from agents.mcp.servers import Servers  # noqa: PLC0415
    from agents.mcp.transport import Reach  # noqa: PLC0415

    if problems := _unknown_agents(company):
        raise ConfigError("the company file", problems)
    return Servers(
        [
            Connection(
                Reach(name=name, server=server, environ=environ, folder=folder),
                clock,
                meter,
            )
            for name, server in company.mcp.items()
        ]
    )


def _unknown_agents(company: Company) -> list[str]:
    known = roster_of(company).agents
    named = [(f"mcp.{name}", a) for name, s in company.mcp.items() for a in s.agents]
    named += [
        (f"mcp.{name}.tools.{tool}", agent)
        for name, server in company.mcp.items()
        for tool, said in server.tools.items()
        for agent in said.agents
    ]
    return [
        f"{where}: there is no agent {agent!r}; use one of {', '.join(known)}"
        for where, agent in named
        if agent not in known
    ]
