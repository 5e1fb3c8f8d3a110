"""A `House` whose people are in Teams: the whole engine, the real adapter, real HTTP.

What people write goes through the webhook, what they see is what the stand-in shows.
Slack is there too, in memory: where Teams is closed to the bot, it goes there.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.teams.keys import SigningKey
from adapters.simulator.teams.limits import Limits
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import teams_routes
from bot.engine.exhibit import Exhibit
from bot.engine.ingress import Ingress
from bot.pacing.way import Way
from bot.protocol.ids import TurnId
from bot.protocol.inbound import UserRef
from bot.store.engine import begin
from bot.store.people import link_installation, sync_company
from tests.support.engine import House
from tests.support.fake_platform import Hall
from tests.support.fake_streams import Ways, ways_to
from tests.support.play import said_in
from tests.support.process import Process
from tests.support.quick_loop import QuickClock
from tests.support.stream_first import streams_first
from tests.support.workshop import ARTICLES, TENANT, WORKSHOP

TENANT_ID = "22222222-aaaa-4bbb-8ccc-000000000002"
APP_ID = "11111111-aaaa-4bbb-8ccc-000000000001"
PASSWORD = "a secret"
KEY = SigningKey("teams house")
"""Making one takes a while; all tests share it."""
ROLES = frozenset({"progress", "answer", "page", "approval"})

Json = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class TeamsHouse(House):
    """A house with a tenant of Teams."""

    world: TeamsWorld
    config: TeamsConfig
    teams: dict[str, TeamsPlatform] = field(default_factory=dict[str, TeamsPlatform])
    """Each process' own, opened before it begins."""

    # ------------------------------------------------------------------ the processes

    @override
    def ways(self, name: str) -> Ways:
        platforms, _ = ways_to(self.halls, by=name)
        mine = self.teams[name]
        if "teams" not in self.streams:
            return {**platforms, "teams": mine}, {}
        return {**platforms, "teams": mine}, {"teams": mine.streams}

    def works(self, *, streams: bool, name: str = "w1") -> Process:
        """Start a bot, with native streams wherever they suit, or without.

        Left to itself the pacer begins none: Teams counts their parts as it counts
        edits, and takes fewer of them.
        """
        if streams:
            self.streams.add("teams")
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

    # ---------------------------------------------------------------- what people do

    async def writes(self, person: str, text: str = "please") -> None:
        """Let somebody write to the bot in their chat with it."""
        await self.world.say(person, text)

    def chat(self, person: str) -> str:
        """Return the conversation of somebody with the bot."""
        return self.world.conversation_of(person)

    # ------------------------------------------------------------------ what they see

    def shown(self, person: str) -> list[Json]:
        """Return the bot's messages to somebody as they are, oldest first."""
        return _of_the_bot(self.world.seen_by(person))

    def words(self, person: str) -> list[str]:
        """Return what is to be read in each of them."""
        return [said_in(message) for message in self.shown(person)]

    async def reads(self, person: str, *words: str) -> Json:
        """Return the first message to somebody that has all these words."""

        def found(_: TeamsWorld) -> Json | None:
            for message in self.shown(person):
                said = " ".join([said_in(message), *_streamed(message)])
                if all(word in said for word in words):
                    return message
            return None

        return await self.world.wait_for(found, timeout=200)

    def calls(self, person: str) -> list[Json]:
        """Return every request of the bot about somebody's chat, in order."""
        chat = self.chat(person)
        return [
            change.body
            for change in self.world.journal.after(0)
            if change.kind == "api" and change.body["conversation"] == chat
        ]

    def made(self, person: str) -> list[str]:
        """Return the kinds of requests that were carried out there, in order."""
        return [
            call["operation"]
            for call in self.calls(person)
            if call["status"] and call["status"] < 300
        ]

    async def asked_of_teams(self, person: str, *operations: str, times: int) -> None:
        """Return once that many such requests were made, whatever came of them."""
        await self.world.journal.until(
            lambda: (
                sum(c["operation"] in operations for c in self.calls(person)) >= times
            )
        )

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


def _of_the_bot(messages: list[Any]) -> list[Json]:
    return [m for m in messages if m["from"]["id"].startswith("28:")]


def _streamed(message: Json) -> list[str]:
    return [str(message.get("informative") or ""), str(message.get("text") or "")]


@asynccontextmanager
async def teams_house_on(
    url: str, database: AsyncEngine, *, limits: Limits | None = None
) -> AsyncGenerator[TeamsHouse]:
    """Open a house with nobody working in it yet; its log is checked at the end."""
    async with begin(database) as conn:
        await sync_company(conn, TENANT, WORKSHOP, ARTICLES)
        await link_installation(conn, TENANT, "slack", "slack-workspace")
        await link_installation(conn, TENANT, "teams", TENANT_ID)
    clock = QuickClock()
    async with AsyncExitStack() as stack:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        world = _world(clock, base, limits or Limits())
        config = _config(world)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        house = TeamsHouse(
            url=url,
            database=database,
            tasks=tasks,
            clock=clock,
            world=world,
            config=config,
            unshown=set(ROLES),  # of what is shown in memory
        )
        house.halls["slack"] = _slack(house)
        for name in ("w1", "w2"):
            house.teams[name] = platform = TeamsPlatform(config, clock=clock)
            await platform.start()
            stack.push_async_callback(platform.close)
        await _serve(stack, house, bound)
        await stack.enter_async_context(world)
        for person in WORKSHOP.people:
            await world.install(person.id)
        try:
            yield house
            if not house.busy_at_the_end:
                await house.idle(within=200)
            await house.check()
        finally:
            for process in house.processes:
                await process.kill()


def _world(clock: QuickClock, base: str, limits: Limits) -> TeamsWorld:
    return TeamsWorld(
        Journal(clock),
        clock,
        bot_url=f"{base}/api/messages",
        base_url=base,
        app_id=APP_ID,
        app_password=PASSWORD,
        tenant_id=TENANT_ID,
        company=WORKSHOP,
        limits=limits,
        key=KEY,
    )


def _config(world: TeamsWorld) -> TeamsConfig:
    return TeamsConfig(
        app_id=APP_ID,
        app_password=PASSWORD,
        tenant_id=TENANT_ID,
        metadata_url=world.openid_metadata_url,
        token_url=world.token_url,
        service_urls=(world.service_url,),
        default_service_url=world.service_url,
    )


def _slack(house: TeamsHouse) -> Hall:
    def known(user: str) -> UserRef:
        return UserRef(platform="slack", workspace="slack-workspace", user_id=user)

    users = {p.slack: known(p.slack) for p in WORKSHOP.people}
    hall = Hall(clock=house.clock, users=users)
    hall.watch(house.signal.tell)
    return hall


async def _serve(
    stack: AsyncExitStack, house: TeamsHouse, bound: socket.socket
) -> None:
    """Serve the stand-in and the bot's webhook at one address."""
    app = web.Application()
    app.add_routes(teams_world_routes(house.world))
    inbox: Ingress = house.ingress()
    app.add_routes(teams_routes(house.config, inbox, house.teams["w1"]))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound).start()
