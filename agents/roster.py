"""Who works here: the coordinator and the specialists, declared as data.

Adding a specialist is one declaration below and one prompt file of the same name in
``agents/prompts/``; the hand-off to it follows from the declaration. A company file
assigns things to specialists by name (``specialist = "…"``); a name that is not here
stops the start with a `ConfigError`, because guessing who should handle what would
put requests in front of an agent that was never told about them.
"""

from dataclasses import dataclass
from importlib.resources import files

from agents.catalog import request_tool
from agents.tools.hand_off import hand_off_to
from agents.tools.registry import TOOLS, AnyTool
from bot.company.model import Company
from bot.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent's declaration."""

    name: str
    title: str
    """One or two words, as shown on its steps."""
    does: str = ""
    """For the coordinator's model: when to hand over; continues "who …"."""
    tools: tuple[str, ...]
    """Names in `agents.tools.registry`. The tools that ask for the things which the
    company file assigns to this agent are added."""
    model: str = ""
    """Model to use instead of the configured one."""

    @property
    def prompt(self) -> str:
        """The text of ``agents/prompts/<name>.md``."""
        file = files("agents").joinpath("prompts", f"{self.name}.md")
        return file.read_text("utf-8").strip()


COORDINATOR = Agent(
    name="coordinator",
    title="Coordinator",
    tools=(
        "who_am_i",
        "look_up_person",
        "search_knowledge",
        "look_up_catalog",
        "check_policy",
        "my_requests",
        "withdraw_request",
        "change_request",
        "open_ticket",
    ),
)

SPECIALISTS = (
    Agent(
        name="hardware",
        title="Hardware",
        does="orders devices and knows what is in stock.",
        tools=("look_up_catalog", "check_policy", "join_waitlist", "open_ticket"),
    ),
    Agent(
        name="software",
        title="Software",
        does="gives access to applications and repositories, and assigns seats.",
        tools=("look_up_catalog", "check_policy", "join_waitlist", "open_ticket"),
    ),
    Agent(
        name="security",
        title="Security",
        does="handles sensitive access, network access and password resets.",
        tools=(
            "look_up_catalog",
            "check_policy",
            "join_waitlist",
            "reset_password",
            "search_knowledge",
            "open_ticket",
        ),
    ),
    Agent(
        name="hr",
        title="HR",
        does="handles what people need from HR: badges, leave, joining and leaving.",
        tools=(
            "look_up_catalog",
            "check_policy",
            "join_waitlist",
            "look_up_person",
            "search_knowledge",
            "open_ticket",
        ),
    ),
)

AGENTS = {agent.name: agent for agent in (COORDINATOR, *SPECIALISTS)}

HAND_OFFS: dict[str, AnyTool] = {
    tool.name: tool
    for tool in (hand_off_to(s.name, s.title, s.does) for s in SPECIALISTS)
}


def find_tool(name: str) -> AnyTool | None:
    """Return the tool or hand-off with this name."""
    return TOOLS.get(name) or HAND_OFFS.get(name)


def tools_of(company: Company, agent: Agent) -> tuple[AnyTool, ...]:
    """Return what an agent may use in this company, in a stable order."""
    if agent == COORDINATOR:
        return (*HAND_OFFS.values(), *(TOOLS[name] for name in agent.tools))
    asking = {
        request_tool(resource)
        for resource in company.resources
        if resource.specialist == agent.name
    }
    names = dict.fromkeys((*agent.tools, *sorted(asking)))
    return tuple(TOOLS[name] for name in names)


def specialist_for(tool: str) -> str:
    """Return the first specialist declared with a tool; empty if there is none."""
    return next((s.name for s in SPECIALISTS if tool in s.tools), "")


def check_names(company: Company) -> None:
    """Return if every agent that the company file names exists.

    Raises:
        ConfigError: It names agents that nobody declared; all of them are listed.
    """
    specialists = [agent.name for agent in SPECIALISTS]
    problems = [
        f"resource {resource.id!r}: there is no specialist {resource.specialist!r}; "
        f"use one of {', '.join(specialists)}, or declare it in agents/roster.py"
        for resource in company.resources
        if resource.specialist not in specialists
    ]
    problems += [
        f"agents.{name}: there is no such agent; use one of {', '.join(AGENTS)}"
        for name in company.agents
        if name not in AGENTS
    ]
    if problems:
        raise ConfigError("the company file", problems)
