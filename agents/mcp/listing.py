"""What a server offers, held against the company file. Pure.

The hints that a server gives about its own tools (read-only, idempotent …) are not
read: what a tool may do is what the company file says.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool

from agents.mcp.names import shown_name, wire_name
from agents.mcp.schema import SchemaArguments, arguments_of, problem_with
from bot.company.servers import McpServer, McpTool, slots_of

MOST_TOOLS = 100
"""Of one server: a model reads all of them with every question."""
MOST_WORDS = 1_000
"""Characters of a description; the rest is cut."""
_SHOWN = 32
"""Hex digits of a fingerprint that people get: too many to search for a twin."""
_ALLOWED_NAME = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One tool of a server that can be used."""

    server: str
    tool: str
    said: McpTool
    """What the company file says of it."""
    description: str
    """As the server puts it."""
    schema: Mapping[str, Any]
    arguments: type[SchemaArguments]
    fingerprint: str
    """Of the name, the description and the schema; all of it is compared."""

    @property
    def mark(self) -> str:
        """The part of its fingerprint that people read, and put in the company file."""
        return self.fingerprint[:_SHOWN]

    @property
    def wire(self) -> str:
        """Its name for models."""
        return wire_name(self.server, self.tool)

    @property
    def shown(self) -> str:
        """Its name for people."""
        return shown_name(self.server, self.tool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The tools of a server."""

    offers: Mapping[str, Offer]
    """By wire name, in the server's order."""
    problems: tuple[str, ...] = ()
    """What somebody should look at: tools left out, and why."""


NOTHING = Listing(offers={})


def listing_of(name: str, server: McpServer, tools: Sequence[Tool]) -> Listing:
    """Return what can be used of ``tools``, and what is wrong with the rest."""
    offers: dict[str, Offer] = {}
    problems: list[str] = []
    listed = [tool.name for tool in tools]
    if len(tools) > MOST_TOOLS:
        problems.append(f"{name}: it lists {len(tools)} tools; {MOST_TOOLS} are used")
    for tool in tools[:MOST_TOOLS]:
        shown = shown_name(name, tool.name[:_ALLOWED_NAME])
        offer = _offer(name, server, tool, double=listed.count(tool.name) > 1)
        if isinstance(offer, str):
            problems.append(f"{shown} is left out: {offer}")
        else:
            offers[offer.wire] = offer
            problems += [f"{shown}: {problem}" for problem in _doubts(offer)]
    problems += [
        f"{shown_name(name, tool)} is in the company file, but not offered"
        for tool in server.tools
        if tool not in listed
    ]
    return Listing(offers=offers, problems=tuple(dict.fromkeys(problems)))


def _offer(name: str, server: McpServer, tool: Tool, *, double: bool) -> Offer | str:
    if double:
        return "two tools have this name"
    if not tool.name or len(tool.name) > _ALLOWED_NAME:
        return "its name is empty or too long"
    if problem := problem_with(tool.input_schema):
        return problem
    said = server.tools.get(tool.name, McpTool())
    fingerprint = fingerprint_of(tool)
    if said.fingerprint and not fingerprint.startswith(said.fingerprint):
        return (
            f"it changed; its fingerprint is {fingerprint[:_SHOWN]}, the company file has "
            f"{said.fingerprint}. Look at it, then put the new one there"
        )
    return Offer(
        server=name,
        tool=tool.name,
        said=said,
        description=(tool.description or tool.title or "")[:MOST_WORDS],
        schema=tool.input_schema,
        arguments=arguments_of(tool.input_schema),
        fingerprint=fingerprint,
    )


def fingerprint_of(tool: Tool) -> str:
    """Return the mark of what a tool says it is and takes."""
    document = json.dumps(
        [tool.name, tool.title, tool.description, tool.input_schema], sort_keys=True
    )
    return hashlib.sha256(document.encode()).hexdigest()


def _doubts(offer: Offer) -> list[str]:
    """Return what the company file says of the tool and it does not know."""
    properties = offer.schema.get("properties", {})
    required = set(offer.schema.get("required", ()))
    found = [
        f"there is no argument {slot!r}, which the company file names"
        for template in (offer.said.step, *offer.said.phrases)
        for slot in slots_of(template)
        if slot not in properties
    ]
    found += [
        f"the phrase {phrase!r} does not say {', '.join(sorted(missing))}"
        for phrase in offer.said.phrases
        if (missing := required - set(slots_of(phrase)))
    ]
    return found


def changes(before: Listing, after: Listing) -> tuple[str, ...]:
    """Return in words which tools came, went, or are not what they were."""
    old, new = before.offers, after.offers
    return (
        *(f"{new[wire].shown} is new" for wire in new if wire not in old),
        *(f"{old[wire].shown} is gone" for wire in old if wire not in new),
        *(
            f"{new[wire].shown} is not what it was: {old[wire].mark} "
            f"became {new[wire].mark}"
            for wire in new
            if wire in old and old[wire].fingerprint != new[wire].fingerprint
        ),
    )
