"""A `House` one of whose platforms is real: its adapter, over HTTP, and a stand-in.

What people write goes through the webhook, what they see is what the stand-in shows.
The other platform is there too, in memory.
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.journal import Journal
from bot.company.model import Company
from bot.engine.exhibit import Exhibit
from bot.pacing.way import Way
from bot.ports.streaming import Streams
from bot.ports.surface import Platform
from bot.protocol.ids import PlatformName, TurnId
from bot.protocol.inbound import UserRef
from bot.store.engine import begin
from bot.store.people import link_installation, sync_company
from tests.support.engine import House
from tests.support.fake_platform import Hall
from tests.support.fake_streams import Ways, ways_to
from tests.support.play import said_in
from tests.support.process import Process
from tests.support.stream_first import streams_first
from tests.support.workshop import ARTICLES, TENANT, WORKSHOP

ROLES = frozenset({"progress", "answer", "page", "approval"})
"""Of what is shown in memory."""
WORKERS = ("w1", "w2")
"""Processes that there may be."""

Json = Mapping[str, Any]
Spot = Literal["first", "progress", "last"]
"""Which message of a turn: the one that is new, a refresh, the last word."""


class Streaming(Platform, Protocol):
    """A real platform, whose messages may grow."""

    @property
    def streams(self) -> Streams:
        """How they grow."""
        ...


@dataclass(slots=True, kw_only=True)
class WireHouse(House, ABC):
    """A house with one real platform."""

    on: PlatformName
    """Which."""
    journal: Journal
    """What has happened there."""
    real: dict[str, Any] = field(default_factory=dict[str, Any])
    """Each process' own way to it, opened before it begins: a `Streaming`."""

    # ------------------------------------------------------------------ the processes

    @override
    def ways(self, name: str) -> Ways:
        platforms, _ = ways_to(self.halls, by=name)
        mine: Streaming = self.real[name]
        if self.on not in self.streams:
            return {**platforms, self.on: mine}, {}
        return {**platforms, self.on: mine}, {self.on: mine.streams}

    def works(self, *, streams: bool, name: str = "w1") -> Process:
        """Start a bot, with native streams wherever they suit, or without.

        Left to itself the pacer begins none while there are edits enough.
        """
        if streams:
            self.streams.add(self.on)
        process = self.process(name)
        showing = process.kit.delivery._showing
        plain = showing.ways

        def streaming_first(exhibit: Exhibit) -> tuple[Way, ...]:
            return streams_first(plain(exhibit))

        setattr(showing, "ways", streaming_first)  # noqa: B010 - in place of its method
        return process

    def doubles(self) -> float:
        """Return how many posts may be there twice, as the processes counted."""
        return sum(
            sample.value
            for process in self.processes
            for metric in process.metrics.possible_doubles.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        )

    # ----------------------------------------------------- what is said, seen and asked

    @abstractmethod
    async def writes(self, person: str, text: str = "please") -> None:
        """Let somebody write to the bot."""

    @abstractmethod
    def shown(self, person: str) -> list[Json]:
        """Return the bot's messages where somebody wrote, oldest first."""

    @abstractmethod
    def failures(self, person: str) -> list[Json]:
        """Return the bot's requests about that place that went wrong on command."""

    def words(self, person: str) -> list[str]:
        """Return what is to be read in each of them."""
        return [said_in(message) for message in self.shown(person)]

    def growing(self, message: Json) -> Iterable[str]:  # noqa: ARG002 - if it can
        """Return what is to be read in a message while it grows, beside the rest."""
        return ()

    async def reads(self, person: str, *words: str) -> Json:
        """Return the first message to somebody that has all these words."""

        def found() -> Json | None:
            for message in self.shown(person):
                said = " ".join([said_in(message), *self.growing(message)])
                if all(word in said for word in words):
                    return message
            return None

        read = await self.journal.until(
            found, within=200, awaited=f"a message to {person} with {words}"
        )
        assert read is not None, "a journal never ends"
        return read

    async def tried(self) -> None:
        """Return when all that is due by now has been sent, and what came of it read."""
        for delivery in (process.kit.delivery for process in self.processes):
            async with asyncio.timeout(200):
                while delivery._news.is_set():  # noqa: ASYNC110 - it looks in its next step
                    await asyncio.sleep(0)
                if sending := list(delivery._sending.values()):
                    await asyncio.wait(sending)

    # --------------------------------------------------------------- what is written down

    async def errors(self) -> Mapping[str, str]:
        """Return why surfaces were given up, by role."""
        rows = await self.rows("SELECT role, error FROM surface WHERE error != ''")
        return {str(role): str(error) for role, error in rows}

    async def phases(self) -> Sequence[str]:
        """Return how the turns are, oldest first."""
        rows = await self.rows("SELECT status FROM turn ORDER BY started_at, turn_id")
        return [str(row[0]) for row in rows]

    async def turn_of(self, text: str) -> TurnId:
        """Return the turn that was begun with these words."""
        [row] = await self.rows(
            "SELECT turn_id FROM turn WHERE text = :text", text=text
        )
        return TurnId(str(row[0]))

    # --------------------------------------------------------------------------- time

    def passes(self, seconds: float) -> None:
        """Let time pass at once."""
        self.clock.advance(seconds)
        for process in self.processes:
            process.kit.delivery._news.set()  # its clock has moved on


def in_memory(house: House, name: PlatformName, company: Company = WORKSHOP) -> Hall:
    """Return a platform in memory, with the company's people on it."""
    ids = [p.slack if name == "slack" else p.entra for p in company.people]
    users = {
        user: UserRef(platform=name, workspace=f"{name}-workspace", user_id=user)
        for user in ids
    }
    hall = Hall(clock=house.clock, users=users)
    hall.watch(house.signal.tell)
    return hall


def bound_socket() -> tuple[socket.socket, str]:
    """Return a socket on this machine, and its URL."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


async def serve(
    stack: AsyncExitStack, bound: socket.socket, *routes: Iterable[web.RouteDef]
) -> None:
    """Serve the stand-in and the bot's webhook at one address."""
    app = web.Application()
    for some in routes:
        app.add_routes(some)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound).start()


async def found(
    database: AsyncEngine, company: Company, workspaces: Mapping[PlatformName, str]
) -> None:
    """Let the company be known, and where it is."""
    async with begin(database) as conn:
        await sync_company(conn, TENANT, company, ARTICLES)
        for name, workspace in workspaces.items():
            await link_installation(conn, TENANT, name, workspace)


@asynccontextmanager
async def checked(house: WireHouse) -> AsyncGenerator[None]:
    """Let a test use the house; its log is checked at the end."""
    try:
        yield
        if not house.busy_at_the_end:
            await house.idle(within=200)
        await house.check()
    finally:
        for process in house.processes:
            await process.kill()
