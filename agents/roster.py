"""Who works here: the coordinator and the specialists, as files declare them.

Adding a specialist is one Markdown file: a head that says what it does and which tools
it has, and its prompt below. Ours are in ``agents/prompts/``; a company's own are in
the folder ``agents`` beside its company file, where a file of the same name changes
one of ours. The hand-off to a specialist follows from its declaration.

A company file assigns things to specialists by name (``specialist = "…"``). A name
that nobody declares stops the start with a `ConfigError`, because guessing who should
handle what would put requests in front of an agent that was never told about them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from bot.company.model import AgentEntry, Company
from bot.company.page import agent_entry
from bot.company.tickets import HELPDESK
from bot.errors import ConfigError

ROOT = "coordinator"
"""The agent that opens every turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent, as declared by us and changed by the company."""

    name: str
    title: str
    """One or two words, as shown on its steps."""
    does: str
    """For the coordinator's model: when to hand over; continues "who …"."""
    hands_to: tuple[str, ...]
    """Specialists to whom it may hand over; the coordinator, without any: to all."""
    tools: tuple[str, ...]
    """Names. The tools that ask for the things which the company file assigns to this
    agent are added."""
    model: str
    """Model to use instead of the configured one; empty: that one."""
    fallback: str
    """Model to use where that one fails; empty: the configured one."""
    thinking: Literal["", "off", "low", "medium", "high"]
    """How much its model thinks before it answers; empty: not at all."""
    asks: int
    """How often it may ask its model in one task; 0: the default."""
    tokens: int
    """How many tokens one task may use; 0: no limit of its own."""
    prompt: str
    """What it is told, in Markdown."""
    greeting: str
    instructions: str
    """The company's own words, added to the prompt."""
    places: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    """In which file and line its keys were read, where it is a company's own file."""

    def place_of(self, key: str) -> str:
        """Return where somebody finds ``key``."""
        return self.places.get(key) or f"agents.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The agents of one company."""

    coordinator: Agent
    specialists: tuple[Agent, ...]
    """By name."""

    @property
    def agents(self) -> Mapping[str, Agent]:
        """Everybody, by name."""
        return {a.name: a for a in (self.coordinator, *self.specialists)}

    def handed_by(self, agent: str) -> tuple[Agent, ...]:
        """Return the specialists to whom an agent may hand over, in a stable order."""
        names = self.agents[agent].hands_to
        if agent == self.coordinator.name and not names:
            return self.specialists
        return tuple(s for s in self.specialists if s.name in names)

    def specialist_for(self, tool: str) -> str:
        """Return the first specialist declared with a tool; empty if there is none."""
        return next((s.name for s in self.specialists if tool in s.tools), "")


@cache
def shipped() -> Mapping[str, AgentEntry]:
    """Return the agents that come with Deskhand."""
    folder = files("agents").joinpath("prompts")
    return {
        file.name.removesuffix(".md"): agent_entry(file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".md")
    }


def roster_of(company: Company) -> Roster:
    """Return the agents of ``company``.

    Raises:
        ConfigError: An agent is named that nobody declares, or declared by half; all
            such problems are listed.
    """
    ours = shipped()
    entries = {
        name: _changed(ours.get(name, AgentEntry()), company.agents.get(name))
        for name in dict.fromkeys((*ours, *company.agents))
    }
    names = sorted(name for name in entries if name != ROOT)
    problems = [
        *(p for name in names for p in _missing(name, entries[name])),
        *(p for name in entries for p in _unknown_hands(name, entries[name], names)),
        *_unknown_specialists(company, names),
        *_unknown_queues(company, names),
    ]
    if problems:
        raise ConfigError("the company file", problems)
    return Roster(
        coordinator=_agent(ROOT, entries[ROOT]),
        specialists=tuple(_agent(name, entries[name]) for name in names),
    )


def _changed(ours: AgentEntry, theirs: AgentEntry | None) -> AgentEntry:
    said = {k: v for k, v in theirs.model_dump().items() if v} if theirs else {}
    places: Mapping[str, str] = theirs.places if theirs else {}
    return ours.model_copy(update=said).declared_at(places)


def _agent(name: str, entry: AgentEntry) -> Agent:
    return Agent(name=name, places=entry.places, **entry.model_dump())


def _missing(name: str, entry: AgentEntry) -> list[str]:
    missing = [key for key in ("title", "does", "prompt") if not getattr(entry, key)]
    if not missing:
        return []
    if len(missing) == 3:  # noqa: PLR2004 - nothing at all
        known = ", ".join(shipped())
        place = f"agents/{name}.md beside the company file"
        problem = (
            f"there is no such agent; use one of {known}, or declare it in {place}"
        )
        return [f"agents.{name}: {problem}"]
    verb = "is" if len(missing) == 1 else "are"
    return [f"agents/{name}.md, line 1: {', '.join(missing)} {verb} missing"]


def _unknown_hands(name: str, entry: AgentEntry, names: list[str]) -> list[str]:
    others = [other for other in names if other != name]
    where = entry.places.get("hands_to") or f"agents.{name}"
    return [
        f"{where}: hands_to: there is no other specialist {other!r}; "
        f"use some of {', '.join(others)}"
        for other in entry.hands_to
        if other not in others
    ]


def _unknown_specialists(company: Company, names: list[str]) -> list[str]:
    return [
        f"resource {resource.id!r}: there is no specialist {resource.specialist!r}; "
        f"use one of {', '.join(names)}, or declare it in "
        f"agents/{resource.specialist}.md beside the company file"
        for resource in company.resources
        if resource.specialist not in names
    ]


def _unknown_queues(company: Company, names: list[str]) -> list[str]:
    known = [HELPDESK, *names]
    return [
        f"tickets queue {queue!r}: nobody's tickets go there; use some of "
        f"{', '.join(known)}"
        for queue in company.tickets.queues
        if queue not in known
    ]
