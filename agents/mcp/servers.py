"""All MCP servers of a company, as one source of tools.

Each has a connection of its own in one task group: one that hangs or fails delays and
hides nothing of the others.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from agents.mcp.connection import Connection
from agents.mcp.listing import Listing
from agents.mcp.names import server_of
from agents.mcp.tool import absent_tool, tool_of
from agents.toolbox import Attached, Seen
from agents.tools.registry import AnyTool
from bot.company.entries import StageRule


@dataclass(slots=True)
class _Shelf:
    """The tools made of one listing."""

    listing: Listing
    tools: dict[str, AnyTool] = field(default_factory=dict[str, AnyTool])


class Servers(Attached):
    """The servers of one company.

    Args:
        connections: One for each.
    """

    def __init__(self, connections: Sequence[Connection]) -> None:
        self.connections = tuple(connections)
        self._by_name = {c.name: c for c in connections}
        self._shelves: dict[str, _Shelf] = {}

    @override
    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for connection in self.connections:
                tasks.create_task(connection.run())

    @override
    def find(self, name: str) -> AnyTool | None:
        connection = self._by_name.get(server_of(name))
        if connection is None:
            return None
        # A server that is away still has its tools: calls of before, and calls that
        # wait for it, are found by their names.
        return self._tools_of(connection).get(name) or absent_tool(connection, name)

    @override
    def offered(self, agent: str) -> tuple[AnyTool, ...]:
        return tuple(
            self._tools_of(connection)[offer.wire]
            for connection in self.connections
            for offer in connection.listing.offers.values()
            if agent in (offer.said.agents or connection.server.agents)
            and (offer.said.approval or connection.server.approval) != "deny"
        )

    @override
    async def look(self) -> tuple[Seen, ...]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(c.run()) for c in self.connections]
            for connection in self.connections:
                await connection.tried.wait()
            found = tuple(s for c in self.connections for s in _seen(c))
            for task in running:
                task.cancel()
        return found

    def _tools_of(self, connection: Connection) -> dict[str, AnyTool]:
        listing = connection.listing
        shelf = self._shelves.get(connection.name)
        if shelf is None or shelf.listing is not listing:
            tools = {o.wire: tool_of(connection, o) for o in listing.offers.values()}
            shelf = self._shelves[connection.name] = _Shelf(listing, tools)
        return shelf.tools


def _seen(connection: Connection) -> Iterator[Seen]:
    name, server = connection.name, connection.server
    if not connection.connected:
        yield Seen(about=name, text=f"not reached: {connection.problem}", ok=False)
        return
    yield Seen(about=name, text=f"{len(connection.listing.offers)} tools can be used")
    for offer in connection.listing.offers.values():
        agents = ", ".join(offer.said.agents or server.agents)
        rules = offer.said.approval or server.approval
        yield Seen(
            about=offer.shown,
            text=f"{offer.said.effect}; {_in_words(rules)}; for {agents}; "
            f"fingerprint {offer.mark}",
        )
    for problem in connection.listing.problems:
        yield Seen(about=name, text=problem, ok=False)


def _in_words(rules: str | Sequence[StageRule]) -> str:
    match rules:
        case "none":
            return "nobody is asked"
        case "deny":
            return "denied"
        case str():
            raise AssertionError("the company file has no other word")
        case _:
            return f"{', then '.join(rule.by for rule in rules)} decides"
