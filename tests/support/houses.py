"""The tests' MCP server as tests see it: what it is told to do, and what it tells."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import override

from adapters.simulator.stage import free_port
from agents.build import build_agents
from agents.mcp.build import servers_of
from agents.mcp.connection import Connection
from agents.mcp.meter import NOT_COUNTED, Meter
from agents.mcp.servers import Servers
from bot.clock import SystemClock
from bot.company.model import Company
from bot.company.servers import McpServer
from tests.support.agent_turns import Desk
from tests.support.companies import ROOT, SAMPLE, company_at, records_of

PROGRAM = ("-m", "tests.support.mcp_house")
NEEDS = ("MCP_HOUSE", "MCP_NEWS", "PYTHONPATH")


@dataclass(slots=True, kw_only=True)
class House(asyncio.DatagramProtocol):
    """Where one or more such servers are told what to do, and tell what they did."""

    folder: Path
    port: int = 0
    notes: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self.notes.append(json.loads(data))
        self._news.set()

    @property
    def environ(self) -> dict[str, str]:
        """What a server must find in its environment."""
        return {
            "MCP_HOUSE": str(self.folder),
            "MCP_NEWS": str(self.port),
            "PYTHONPATH": str(ROOT),
        }

    def program(self, **said: object) -> McpServer:
        """Return how the company file describes it as a program."""
        return McpServer.model_validate(
            {"command": sys.executable, "args": PROGRAM, "env": NEEDS, **said}
        )

    def company_file(self, folder: Path, tools: str) -> Path:
        """Write the sample company with this server, started as a program."""
        file = folder / "company.toml"
        file.write_text(
            f"""{SAMPLE.read_text("utf-8")}
[mcp.house]
command = "{sys.executable}"
args = {json.dumps(PROGRAM)}
env = {json.dumps(NEEDS)}
{tools}
""",
            "utf-8",
        )
        return file

    def tell(self, command: str) -> None:
        """Have it do something once."""
        (self.folder / command).touch()

    def of(self, what: str) -> list[Mapping[str, Any]]:
        """Return the notes of one kind."""
        return [note for note in self.notes if note["what"] == what]

    async def heard(self, what: str, count: int = 1) -> Mapping[str, Any]:
        """Return the note of a kind, once there are ``count``."""
        async with asyncio.timeout(30):
            while len(self.of(what)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(what)[count - 1]


@asynccontextmanager
async def opened_house(folder: Path) -> AsyncGenerator[House]:
    """Give a place where servers may be started, and hear of them."""
    house = House(folder=folder)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: house, local_addr=("127.0.0.1", 0)
    )
    house.port = transport.get_extra_info("sockname")[1]
    try:
        yield house
    finally:
        transport.close()


@dataclass(slots=True, kw_only=True)
class HttpHouse:
    """A server that is reached over HTTP, and can be killed and started again."""

    house: House
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/mcp"

    async def start(self) -> None:
        """Start it."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *PROGRAM,
            "--http",
            str(self.port),
            env={**os.environ, **self.house.environ},
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        """End it at once."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def http_house(house: House) -> AsyncGenerator[HttpHouse]:
    """Start a server for the block."""
    server = HttpHouse(house=house, port=free_port())
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


def with_servers(servers: Mapping[str, McpServer], company: Company | None = None):
    """Return the sample company with MCP servers."""
    return (company or company_at(SAMPLE)).model_copy(update={"mcp": servers})


@asynccontextmanager
async def attached(
    servers: Mapping[str, McpServer],
    environ: Mapping[str, str],
    *,
    meter: Meter = NOT_COUNTED,
    wait: Collection[str] | None = None,
) -> AsyncGenerator[Servers]:
    """Connect to servers for the block; all, or those to wait for, have been tried."""
    company = with_servers(servers)
    found = servers_of(
        company, environ=environ, folder=ROOT, clock=SystemClock(), meter=meter
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(found.run())
        try:
            for connection in found.connections:
                if wait is None or connection.name in wait:
                    await connection.tried.wait()
            yield found
        finally:
            running.cancel()


def desk_with(servers: Servers, person: str = "maya.chen") -> Desk:
    """Return a person's chat with the scripted agents, and what is attached."""
    company = with_servers({c.name: c.server for c in servers.connections})
    records = records_of(SAMPLE, company)
    agents = build_agents(
        company, records, SystemClock(), words_per_second=0, attached=servers
    )
    return Desk(agents=agents, records=records, person=person)


async def up(connection: Connection) -> None:
    """Return once it is connected."""
    async with asyncio.timeout(60):
        await connection._up.wait()
