"""A `WireHouse` whose people are in Slack.

Maya asks in the help channel, in a thread; everybody else in their chat with the bot.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.slack.faults import Fault
from adapters.simulator.slack.limits import DOCUMENTED, SlackLimits
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.ingress import PATH, slack_routes
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

SECRET, TOKEN = "slack house", "xoxb-house"

POST, EDIT = "chat.postMessage", "chat.update"
OPEN, APPEND, CLOSE = "chat.startStream", "chat.appendStream", "chat.stopStream"

COMPANY = WORKSHOP.model_copy(
    update={
        "people": tuple(
            person.model_copy(
                update={"slack": f"U0{person.id.upper()}", "reach_on": "slack"}
            )
            for person in WORKSHOP.people
        )
    }
)
"""The workshop, with ids as Slack has them."""


@dataclass(slots=True, kw_only=True)
class SlackHouse(WireHouse):
    """A house with a workspace of Slack."""

    world: SlackWorld

    @override
    async def writes(self, person: str, text: str = "please") -> None:
        place = self.place(person)
        said = text if place.startswith("D") else f"@{self.world.bot.name} {text}"
        await self.world.say(f"U0{person.upper()}", place, said)

    def direct(self, person: str) -> str:
        """Return somebody's chat with the bot."""
        return f"D0{person.upper()}"

    def place(self, person: str) -> str:
        """Return where somebody asks."""
        maya = person == "maya"
        return self.world.help_channel.id if maya else self.direct(person)

    @override
    def shown(self, person: str) -> list[Json]:
        return self.at(self.place(person))

    def at(self, channel: str) -> list[Json]:
        """Return the bot's messages in a channel, oldest first."""
        return [m for m in self.world.messages(channel) if m["bot_id"]]

    def calls(self, *methods: str) -> list[Json]:
        """Return every call of these methods, in order."""
        changes = self.journal.after(0)
        calls = [change.body for change in changes if change.kind == "api"]
        return [call for call in calls if not methods or call["method"] in methods]

    @override
    def failures(self, person: str) -> list[Json]:
        here = [c for c in self.calls() if c["channel"] == self.place(person)]
        return [call for call in here if not call["ok"]]

    def meets(self, person: str, spot: Spot, *faults: Fault) -> None:
        """Let the next calls at ``spot`` about somebody's place fail like this."""
        streams = "slack" in self.streams
        method = {
            "first": OPEN if streams else POST,
            "progress": APPEND if streams else EDIT,
            "last": CLOSE if streams else EDIT,
        }[spot]
        for fault in faults:
            self.world.fail_next(method, fault, channel=self.place(person))


@asynccontextmanager
async def slack_house_on(
    url: str, database: AsyncEngine, *, limits: SlackLimits = DOCUMENTED
) -> AsyncGenerator[SlackHouse]:
    """Open a house with nobody working in it yet; its log is checked at the end."""
    clock = QuickClock()
    async with AsyncExitStack() as stack:
        bound, base = bound_socket()
        journal = Journal(clock)
        world = SlackWorld(
            journal,
            clock,
            bot_url=f"{base}{PATH}",
            signing_secret=SECRET,
            bot_token=TOKEN,
            company=COMPANY,
            public_url=f"{base}/slack",
            limits_profile=limits,
            echo_own=False,
        )
        team = world.workspace.team.id
        await found(database, COMPANY, {"slack": team, "teams": "teams-workspace"})
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        house = SlackHouse(
            url=url,
            database=database,
            tasks=tasks,
            clock=clock,
            on="slack",
            journal=journal,
            world=world,
            unshown=set(ROLES),
        )
        house.halls["teams"] = in_memory(house, "teams", COMPANY)
        config = SlackConfig(SECRET, TOKEN, f"{base}/slack/api/")
        for name in WORKERS:
            house.real[name] = SlackPlatform(config, clock=clock)
        hook = slack_routes(config, house.ingress(), house.real["w1"])
        await serve(stack, bound, slack_world_routes(world), hook)
        for platform in house.real.values():
            await stack.enter_async_context(platform)
        await stack.enter_async_context(world)
        async with checked(house):
            yield house
