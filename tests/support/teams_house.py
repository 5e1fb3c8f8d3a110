"""A `WireHouse` whose people are in Teams; where that is closed to the bot, in Slack."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.teams.faults import Fault
from adapters.simulator.teams.keys import SigningKey
from adapters.simulator.teams.limits import Limits, Operation
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import teams_routes
from tests.support.quick_loop import QuickClock
from tests.support.wire_house import (
    ROLES,
    WORKERS,
    Json,
    Spot,
    WireHouse,
    bound_socket,
    checked,
    found,
    in_memory,
    serve,
)
from tests.support.workshop import WORKSHOP

TENANT_ID = "22222222-aaaa-4bbb-8ccc-000000000002"
APP_ID = "11111111-aaaa-4bbb-8ccc-000000000001"
PASSWORD = "a secret"
KEY = SigningKey("teams house")
"""Making one takes a while; all tests share it."""


@dataclass(slots=True, kw_only=True)
class TeamsHouse(WireHouse):
    """A house with a tenant of Teams."""

    world: TeamsWorld

    @override
    async def writes(self, person: str, text: str = "please") -> None:
        await self.world.say(person, text)

    @override
    def shown(self, person: str) -> list[Json]:
        seen = self.world.seen_by(person)
        return [m for m in seen if m["from"]["id"].startswith("28:")]

    @override
    def growing(self, message: Json) -> Iterable[str]:
        return str(message.get("informative") or ""), str(message.get("text") or "")

    @override
    def failures(self, person: str) -> list[Json]:
        return [call for call in self.calls(person) if call["fault"]]

    def calls(self, person: str) -> list[Json]:
        """Return every request of the bot about somebody's chat, in order."""
        chat = self.world.conversation_of(person)
        return [
            change.body
            for change in self.journal.after(0)
            if change.kind == "api" and change.body["conversation"] == chat
        ]

    def meets(self, person: str, spot: Spot, fault: Fault) -> None:
        """Let the next request at ``spot`` about somebody's chat fail like this."""
        usual: Operation = "send" if spot == "first" else "update"
        chat = self.world.conversation_of(person)
        kind = "stream" if "teams" in self.streams else usual
        self.world.fail_next(kind, fault, chat=chat)


@asynccontextmanager
async def teams_house_on(
    url: str, database: AsyncEngine, *, limits: Limits | None = None
) -> AsyncGenerator[TeamsHouse]:
    """Open a house with nobody working in it yet; its log is checked at the end."""
    await found(database, WORKSHOP, {"slack": "slack-workspace", "teams": TENANT_ID})
    clock = QuickClock()
    async with AsyncExitStack() as stack:
        bound, base = bound_socket()
        world = _world(clock, base, limits or Limits())
        config = _config(world)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        house = TeamsHouse(
            url=url,
            database=database,
            tasks=tasks,
            clock=clock,
            on="teams",
            journal=world.journal,
            world=world,
            unshown=set(ROLES),
        )
        house.halls["slack"] = in_memory(house, "slack")
        for name in WORKERS:
            house.real[name] = platform = TeamsPlatform(config, clock=clock)
            await platform.start()
            stack.push_async_callback(platform.close)
        hook = teams_routes(config, house.ingress(), house.real["w1"])
        await serve(stack, bound, teams_world_routes(world), hook)
        await stack.enter_async_context(world)
        for person in WORKSHOP.people:
            await world.install(person.id)
        async with checked(house):
            yield house


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
