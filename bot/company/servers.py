"""MCP servers in the company file: how they are reached, and what their tools may do.

A server's tools are somebody else's code. So a tool of which the file says nothing is
taken for the worst: its effect happens once at most, and a person decides before.
"""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from bot.company.entries import Entry, StageRule
from bot.protocol.values import Effect

ServerName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,23}$")
]
"""Without ``_``, so that a tool's name says whose it is."""

Stages: TypeAlias = Annotated[tuple[StageRule, ...], Field(min_length=1)]

_LOCAL = {"127.0.0.1", "::1", "localhost"}
_SLOT = re.compile(r"\{([^{}]*)\}")


class McpTool(Entry):
    """What the company says of one tool of a server."""

    effect: Effect = "once"
    approval: Literal["none", "deny"] | Stages | None = None
    """``None``: as for all tools of the server."""
    agents: tuple[str, ...] = ()
    """Empty: those of the server."""
    does: str = ""
    """For the model, instead of what the server says of it."""
    card: bool = False
    """Whether people see the answer of a ``read`` as a card, too."""
    step: str = ""
    """How its step reads; ``{argument}`` is replaced."""
    phrases: tuple[str, ...] = ()
    """By which people ask the scripted model for it, e.g. ``book room {room}``."""
    timeout: float | None = Field(default=None, gt=0, le=600)
    """Seconds."""
    fingerprint: str = Field(default="", pattern=r"^([0-9a-f]{32,64})?$")
    """Of its description and schema, as `deskhand doctor` prints it. With another one
    the tool is not used."""


class McpServer(Entry):
    """One server."""

    command: str = ""
    """The program to start, spoken to over its standard input and output."""
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """Names of environment variables that the program gets, besides a basic few."""
    url: str = ""
    """Of a server that runs elsewhere (streamable HTTP)."""
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]+$")
    """Which header carries the token; ``Authorization`` carries it as a bearer's."""
    token_env: str = ""
    """Name of the environment variable with the token; empty: none is sent."""
    agents: tuple[str, ...] = ("coordinator",)
    """Who may use its tools."""
    approval: Literal["deny"] | Stages = (StageRule(by="manager", within=86400.0),)
    """Who decides about tools that say nothing else."""
    timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds for one call."""
    tools: dict[str, McpTool] = Field(default_factory=dict)
    """By the name that the server gives them."""

    @model_validator(mode="after")
    def _is_reached_in_one_way(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        if self.url:
            where = urlsplit(self.url)
            if where.scheme not in {"http", "https"} or not where.hostname:
                raise ValueError(f"url = {self.url!r} is no address of a web server")
            if where.username or where.password:
                raise ValueError("a secret stands in the url; use token_env")
            plain = where.scheme == "http" and where.hostname not in _LOCAL
            if self.token_env and plain:
                raise ValueError("a token is only sent over https; change the url")
            if self.args or self.env:
                raise ValueError("args and env are for a server with a command")
        elif self.token_env:
            raise ValueError("token_env is for a server with a url; use env")
        return self


def slots_of(template: str) -> tuple[str, ...]:
    """Return the names in braces."""
    return tuple(_SLOT.findall(template))


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return ``template`` with names in braces replaced; unknown ones stay."""
    return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), template)


def problems_of_servers(
    servers: Mapping[str, McpServer], people: Collection[str], groups: Collection[str]
) -> list[str]:
    """Return who is named as a decider and does not exist."""
    found: list[str] = []
    for name, server in servers.items():
        stated = {f"mcp {name!r}": server.approval}
        for tool, said in server.tools.items():
            stated[f"mcp {name!r} tool {tool!r}"] = said.approval or ()
            found += _bad_phrases(f"mcp {name!r} tool {tool!r}", said)
        for where, rules in stated.items():
            stages = () if isinstance(rules, str) else rules
            found += [
                f"{where}: {problem}"
                for stage in stages
                for problem in problems_of_stage(stage, people, groups)
            ]
    return found


def _bad_phrases(where: str, tool: McpTool) -> list[str]:
    return [
        f"{where}: the phrase {phrase!r} says nothing besides its blanks"
        for phrase in tool.phrases
        if not re.search(r"\w", _SLOT.sub("", phrase))
    ]


def problems_of_stage(
    stage: StageRule, people: Collection[str], groups: Collection[str]
) -> list[str]:
    """Return what is wrong with who decides, and what then."""
    found = [
        f"there is no {word}"
        for word in (stage.by, stage.then)
        if word.startswith("group:") and word[6:] not in groups
    ]
    known = stage.by == "manager" or stage.by in people
    if not stage.by.startswith("group:") and not known:
        found.append(
            f"by = {stage.by!r} is nobody; use manager, group:NAME or a person's id"
        )
    if stage.then not in {"escalate", "expire"} and not stage.then.startswith("group:"):
        found.append(f"then = {stage.then!r}; use escalate, expire or group:NAME")
    return found
