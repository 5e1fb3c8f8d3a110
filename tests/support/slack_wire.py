"""The Slack adapter over HTTP against its stand-in; time is the test's."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.simulator.journal import Journal
from adapters.simulator.slack.limits import UNLIMITED
from adapters.simulator.slack.people import SlackUser
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from adapters.slack.client import SlackConfig, SlackPlatform
from bot.protocol.inbound import Address
from tests.support.manual_clock import ManualClock

ADA = SlackUser(id="U0ADA", name="Ada Byron", email="ada@x.test")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wire:
    """A workspace with Ada, and the bot's platform."""

    world: SlackWorld
    platform: SlackPlatform
    clock: ManualClock

    async def thread(self, *, personal: bool = False) -> Address:
        """Let Ada ask for something; return where it is to be answered."""
        channel = f"D{ADA.id[1:]}" if personal else self.world.help_channel.id
        ts = await self.world.say(ADA.id, channel, "help")
        return Address(
            platform="slack",
            workspace=self.world.workspace.team.id,
            channel=channel,
            thread=ts,
            user=ADA.id,
            personal=personal,
        )

    def shown(self, to: Address) -> list[Json]:
        """Return the bot's messages there, oldest first."""
        return [m for m in self.world.messages(to.channel) if m["bot_id"]]

    def calls(self, method: str) -> list[Json]:
        """Return what the journal says of calls of ``method``."""
        changes = self.world.workspace.journal.after(0)
        calls = [dict(c.body) for c in changes if c.kind == "api"]
        return [call for call in calls if call["method"] == method]


@asynccontextmanager
async def wired(*, patience: float = 5.0, **settings: object) -> AsyncGenerator[Wire]:
    """Open a workspace and the platform on it; no bot listens.

    Args:
        patience: Real seconds for one call.
        settings: More arguments of `SlackWorld`.
    """
    clock = ManualClock()
    chosen: Json = {"limits_profile": UNLIMITED, "history_lag": 10.0, **settings}
    world = SlackWorld(
        Journal(clock),
        clock,
        bot_url="http://127.0.0.1:9/",  # nobody listens
        signing_secret="secret",
        bot_token="xoxb-wire",
        users=[ADA],
        echo_own=False,
        retry_delays=(),
        **chosen,
    )
    app = web.Application()
    app.add_routes(slack_world_routes(world))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(app))
        await stack.enter_async_context(world)
        config = SlackConfig("secret", "xoxb-wire", str(server.make_url("/slack/api/")))
        platform = await stack.enter_async_context(
            SlackPlatform(config, clock=clock, timeout=patience)
        )
        yield Wire(world, platform, clock)
