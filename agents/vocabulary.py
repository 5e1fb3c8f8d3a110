"""The words of one company: what a model is told exists. Pure.

A language model reads it as text in its prompt; the scripted model reads the same
facts as data. Neither is told more than the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.catalog import request_tool, takes_seat, what
from agents.mcp.names import shown_name, wire_name
from agents.roster import Roster
from bot.company.model import Company, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something people can ask for."""

    id: str
    name: str
    kind: str
    phrases: tuple[str, ...]
    """Everything it is called."""
    grants: tuple[str, ...]
    """From the smallest; empty for what is ordered."""
    seat_grants: tuple[str, ...]
    """Those grants that take a seat, from the smallest."""
    words: Mapping[str, str]
    """For each grant (``""`` for what is ordered), how asking for it reads."""
    asked_with: str
    """The tool."""
    specialist: str
    sensitive: bool

    @property
    def first_grant(self) -> str:
        """What to suggest: the smallest grant, with a seat where there are seats."""
        return next(iter(self.seat_grants or self.grants), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person's name."""

    person_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Words by which people ask for a tool of an MCP server."""

    tool: str
    """As models name it."""
    shown: str
    """As people name it."""
    phrase: str
    """With the names of arguments in braces."""
    agents: tuple[str, ...]
    """Who may use the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One tool that is not ours."""

    tool: str
    """As models name it."""
    shown: str
    """As people name it."""
    agents: tuple[str, ...]
    """Who may use it."""
    does: str
    """In words."""
    phrases: tuple[str, ...]
    """How people ask for it, with the names of arguments in braces."""
    looks: bool
    """Whether it changes nothing."""
    schema: Mapping[str, Any]
    """JSON schema of the arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Everything that has a name."""

    company: str
    help_channel: str
    greeting: str
    things: tuple[Thing, ...]
    people: tuple[Someone, ...]
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    """For each specialist, how to speak of it."""
    duties: Mapping[str, str] = field(default_factory=dict[str, str])
    """For each tool that only specialists have, who has it."""
    sayings: tuple[Saying, ...] = ()
    skills: tuple[Skill, ...] = ()
    """The company's own tools and those of its servers, as they are there now."""

    def skill(self, tool: str) -> Skill | None:
        """Return the tool of this name that is not ours."""
        return next((s for s in self.skills if s.tool == tool), None)

    def thing(self, thing_id: str) -> Thing | None:
        """Return the thing with this id."""
        return next((t for t in self.things if t.id == thing_id), None)


def vocabulary_of(company: Company, roster: Roster) -> Vocabulary:
    """Return the words of ``company``."""
    return Vocabulary(
        company=company.company.name,
        help_channel=company.company.help_channel,
        greeting=roster.coordinator.greeting,
        things=tuple(_thing(resource) for resource in company.resources),
        people=tuple(Someone(person_id=p.id, name=p.name) for p in company.people),
        titles={agent.name: agent.title for agent in roster.specialists},
        duties={"reset_password": roster.specialist_for("reset_password")},
        sayings=tuple(
            Saying(
                tool=wire_name(name, tool),
                shown=shown_name(name, tool),
                phrase=phrase,
                agents=said.agents or server.agents,
            )
            for name, server in company.mcp.items()
            for tool, said in server.tools.items()
            for phrase in said.phrases
        ),
    )


def _thing(resource: Resource) -> Thing:
    seated = tuple(g for g in resource.grants if takes_seat(resource, g))
    _, _, short_id = resource.id.partition("/")
    return Thing(
        id=resource.id,
        name=resource.name,
        kind=resource.kind,
        phrases=tuple(
            dict.fromkeys(
                name
                for name in (resource.name, short_id, *resource.aliases)
                if len(name) > 2 and any(c.isalpha() for c in name)  # noqa: PLR2004
            )
        ),
        grants=resource.grants,
        seat_grants=seated,
        words={grant: what(resource, grant) for grant in resource.grants or ("",)},
        asked_with=request_tool(resource),
        specialist=resource.specialist,
        sensitive=resource.sensitive,
    )
