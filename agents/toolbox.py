"""Which tools there are in one company, and who may use which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from agents.catalog import request_tool
from agents.roster import Agent, Roster
from agents.tools.hand_off import hand_off_to
from agents.tools.registry import TOOLS, AnyTool
from bot.company.model import Company
from bot.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found of something attached."""

    about: str
    """Its name in the company file."""
    text: str
    ok: bool = True


class Attached(Protocol):
    """Tools that come and go while the bot runs."""

    async def run(self) -> None:
        """Keep them up to date until cancelled."""
        ...

    def find(self, name: str) -> AnyTool | None:
        """Return the tool with this name, also while it cannot be used."""
        ...

    def offered(self, agent: str) -> tuple[AnyTool, ...]:
        """Return what an agent may use now, in a stable order."""
        ...

    async def look(self) -> tuple[Seen, ...]:
        """Try everything once, for `deskhand doctor`; nothing runs meanwhile."""
        ...


class _Nothing(Attached):
    @override
    async def run(self) -> None:
        return

    @override
    def find(self, name: str) -> AnyTool | None:
        return None

    @override
    def offered(self, agent: str) -> tuple[AnyTool, ...]:
        return ()

    @override
    async def look(self) -> tuple[Seen, ...]:
        return ()


NOTHING_ATTACHED: Attached = _Nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """All tools of one company."""

    tools: Mapping[str, AnyTool]
    """By name, hand-offs among them."""
    offered: Mapping[str, tuple[AnyTool, ...]]
    """For each agent what it may use, in a stable order."""
    attached: Attached = NOTHING_ATTACHED
    """Beside those, what comes and goes."""

    def find(self, name: str) -> AnyTool | None:
        """Return the tool or hand-off with this name."""
        return self.tools.get(name) or self.attached.find(name)

    def is_for(self, agent: str, tool: AnyTool) -> bool:
        """Return whether a tool was given to an agent; empty: it is not known whose call.

        What is attached sees to that itself.
        """
        if not agent or tool.name not in self.tools:
            return True
        return tool in self.offered.get(agent, ())


def toolbox_of(
    company: Company,
    roster: Roster,
    more: Sequence[AnyTool] = (),
    attached: Attached = NOTHING_ATTACHED,
) -> Toolbox:
    """Return the tools of ``company``.

    Args:
        company: Its things say which tools ask for them.
        roster: Its agents.
        more: Tools of this company's own, beside those of the registry.
        attached: Tools that come and go.

    Raises:
        ConfigError: An agent has a tool that does not exist.
    """
    tools = {**TOOLS, **{tool.name: tool for tool in more}}
    hand_offs = {
        s.name: hand_off_to(s.name, s.title, s.does) for s in roster.specialists
    }
    named = {agent.name: _names(company, agent) for agent in roster.agents.values()}
    problems = [
        f"{roster.agents[agent].place_of('tools')}: there is no tool {name!r}; "
        f"there are {', '.join(tools)}"
        for agent, names in named.items()
        for name in names
        if name not in tools
    ]
    if problems:
        raise ConfigError("the company file", problems)
    offered = {
        agent: (
            *(hand_offs[other.name] for other in roster.handed_by(agent)),
            *(tools[name] for name in names if tools[name].has_use(company)),
        )
        for agent, names in named.items()
    }
    return Toolbox(
        tools={**tools, **{tool.name: tool for tool in hand_offs.values()}},
        offered=offered,
        attached=attached,
    )


def _names(company: Company, agent: Agent) -> tuple[str, ...]:
    asking = {
        request_tool(resource)
        for resource in company.resources
        if resource.specialist == agent.name
    }
    return tuple(dict.fromkeys((*agent.tools, *sorted(asking))))
