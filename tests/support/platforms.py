"""Both platforms behind one face, for the suite that every `Platform` must pass.

A `Venue` is a platform with people on it: the real adapter, over real HTTP, against
its stand-in. Time is the test's; nothing is answered but what the stand-in answers.
"""

import socket
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from aiohttp import web
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.slack import faults as slack_faults
from adapters.simulator.slack.limits import DOCUMENTED, UNLIMITED
from adapters.simulator.slack.people import SlackUser
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from adapters.simulator.teams import faults as teams_faults
from adapters.simulator.teams.keys import SigningKey
from adapters.simulator.teams.limits import UNMETERED, Limits, Operation
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from bot.clock import Clock
from bot.company.model import Person
from bot.ports.surface import Platform
from bot.protocol.ids import PersonId
from bot.protocol.inbound import Address, UserRef
from tests.support.manual_clock import ManualClock
from tests.support.play import text_of

Json = Mapping[str, Any]
Loss = Literal["reset", "error"]
"""The connection breaks, or a gateway answers with an error page."""

EMAIL = "ada@x.test"


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as a person has it before them."""

    message_id: str
    body: Json

    @property
    def words(self) -> str:
        """Everything there is to read in it."""
        return text_of(self.body.get("blocks") or self.body.get("attachments"))


class Venue(Protocol):
    """A platform with people on it."""

    platform: Platform
    clock: ManualClock
    ada: UserRef
    """Has the bot and has never written to it."""
    nobody: UserRef
    """Is not to be reached here."""

    def shown(self) -> Sequence[Shown]:
        """Return what Ada sees of the bot, oldest first."""
        ...

    def throttle(self, operation: Literal["post", "edit"], seconds: int) -> None:
        """Let the next such call be refused for being too many."""
        ...

    def lose(
        self, operation: Literal["post", "edit"], how: Loss, *, applied: bool
    ) -> None:
        """Let the answer of the next such call be lost."""
        ...

    def delete(self, message_id: str) -> None:
        """Take one of the bot's messages to Ada away."""
        ...

    async def another(self) -> Platform:
        """Return the platform as another process of the bot has it."""
        ...

    def nowhere(self, to: Address) -> Address:
        """Return a place like ``to`` that does not exist."""
        ...


class Open(Protocol):
    """Opens a venue."""

    def __call__(self, *, metered: bool) -> AbstractAsyncContextManager[Venue]:
        """Open it, with the platform's rate limits or without."""
        ...


@dataclass(slots=True, kw_only=True)
class SlackVenue(Venue):
    """Slack."""

    platform: Platform
    clock: ManualClock
    ada: UserRef
    nobody: UserRef
    world: SlackWorld
    api_url: str
    stack: AsyncExitStack

    @override
    def shown(self) -> Sequence[Shown]:
        return [
            Shown(str(message["ts"]), message)
            for message in self.world.messages("D0ADA")
            if message.get("bot_id")
        ]

    @override
    def throttle(self, operation: Literal["post", "edit"], seconds: int) -> None:
        refusal = slack_faults.RateLimited(retry_after=seconds)
        self.world.fail_next(_SLACK[operation], refusal)

    @override
    def lose(
        self, operation: Literal["post", "edit"], how: Loss, *, applied: bool
    ) -> None:
        fault = (
            slack_faults.ConnectionReset(applied=applied)
            if how == "reset"
            else slack_faults.ServerError(applied=applied)
        )
        self.world.fail_next(_SLACK[operation], fault)

    @override
    def delete(self, message_id: str) -> None:
        found = self.world.workspace.find("D0ADA", message_id)
        assert found is not None
        self.world.workspace.delete(found)

    @override
    async def another(self) -> Platform:
        return await _slack_platform(self.api_url, self.clock, self.stack)

    @override
    def nowhere(self, to: Address) -> Address:
        return to.model_copy(update={"channel": "C0NOWHERE"})


_SLACK = {"post": "chat.postMessage", "edit": "chat.update"}
_SLACK_SECRET, _SLACK_TOKEN = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-stand-in"


async def _slack_platform(
    api_url: str, clock: Clock, stack: AsyncExitStack
) -> SlackPlatform:
    config = SlackConfig(_SLACK_SECRET, _SLACK_TOKEN, api_url)
    return await stack.enter_async_context(SlackPlatform(config, clock=clock))


@asynccontextmanager
async def slack_venue(*, metered: bool) -> AsyncGenerator[Venue]:
    """Open a workspace with Ada in it."""
    clock = ManualClock()
    world = SlackWorld(
        Journal(clock),
        clock,
        bot_url="",
        signing_secret=_SLACK_SECRET,
        bot_token=_SLACK_TOKEN,
        users=[SlackUser(id="U0ADA", name="Ada Byron", email=EMAIL)],
        limits_profile=DOCUMENTED if metered else UNLIMITED,
        echo_own=False,
    )
    async with AsyncExitStack() as stack:
        url = await _serve(stack, slack_world_routes(world), _bound_socket())
        world.public_url = f"{url}/slack"
        await stack.enter_async_context(world)
        platform = await _slack_platform(f"{url}/slack/api/", clock, stack)
        team = platform.workspace
        yield SlackVenue(
            platform=platform,
            clock=clock,
            ada=UserRef(platform="slack", workspace=team, user_id="U0ADA"),
            nobody=UserRef(platform="slack", workspace=team, user_id="U0NOBODY"),
            world=world,
            api_url=f"{url}/slack/api/",
            stack=stack,
        )


@dataclass(slots=True, kw_only=True)
class TeamsVenue(Venue):
    """Teams."""

    platform: Platform
    clock: ManualClock
    ada: UserRef
    nobody: UserRef
    world: TeamsWorld
    config: TeamsConfig
    stack: AsyncExitStack

    @override
    def shown(self) -> Sequence[Shown]:
        return [
            Shown(str(message["id"]), message)
            for message in self.world.seen_by("ada")
            if message["from"]["id"].startswith("28:")
        ]

    @override
    def throttle(self, operation: Literal["post", "edit"], seconds: int) -> None:
        self.world.fail_next(_TEAMS[operation], teams_faults.Throttle(seconds))

    @override
    def lose(
        self, operation: Literal["post", "edit"], how: Loss, *, applied: bool
    ) -> None:
        fault = (
            teams_faults.Reset(applied=applied)
            if how == "reset"
            else teams_faults.ServerError(applied=applied)
        )
        self.world.fail_next(_TEAMS[operation], fault)

    @override
    def delete(self, message_id: str) -> None:
        chat = self.world.conversation_of("ada")
        assert self.world.site.connector.delete(chat, message_id).status == 200

    @override
    async def another(self) -> Platform:
        return await _teams_platform(self.config, self.clock, self.stack)

    @override
    def nowhere(self, to: Address) -> Address:
        return to.model_copy(update={"channel": "a:nowhere"})


_TEAMS: Mapping[Literal["post", "edit"], Operation] = {"post": "send", "edit": "update"}
_TENANT = "22222222-aaaa-4bbb-8ccc-000000000002"
_APP = "11111111-aaaa-4bbb-8ccc-000000000001"
_ADA = "33333333-aaaa-4bbb-8ccc-000000000003"
_KEY = SigningKey("contract")
"""Making one takes a while; all tests share it."""
_PEOPLE = (
    Person(id=PersonId("ada"), name="Ada Byron", email=EMAIL, entra=_ADA),
    Person(
        id=PersonId("bob"),
        name="Bob Ross",
        email="bob@x.test",
        entra="44444444-aaaa-4bbb-8ccc-000000000004",
    ),
)


async def _teams_platform(
    config: TeamsConfig, clock: Clock, stack: AsyncExitStack
) -> TeamsPlatform:
    platform = TeamsPlatform(config, clock=clock)
    await platform.start()
    stack.push_async_callback(platform.close)
    return platform


@asynccontextmanager
async def teams_venue(*, metered: bool) -> AsyncGenerator[Venue]:
    """Open a tenant where Ada has installed the bot and Bob has not."""
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        # The world wants to know its address before it has routes to serve there.
        bound = _bound_socket()
        url = _url_of(bound)
        world = TeamsWorld(
            Journal(clock),
            clock,
            bot_url=f"{url}/bot",
            base_url=url,
            app_id=_APP,
            app_password="a secret",
            tenant_id=_TENANT,
            company=_PEOPLE,
            limits=Limits() if metered else UNMETERED,
            key=_KEY,
        )
        await _serve(
            stack, [*teams_world_routes(world), web.post("/bot", _taken)], bound
        )
        await stack.enter_async_context(world)
        await world.install("ada")
        config = TeamsConfig(
            app_id=_APP,
            app_password="a secret",
            tenant_id=_TENANT,
            metadata_url=world.openid_metadata_url,
            token_url=world.token_url,
            service_urls=(world.service_url,),
            default_service_url=world.service_url,
        )
        yield TeamsVenue(
            platform=await _teams_platform(config, clock, stack),
            clock=clock,
            ada=UserRef(platform="teams", workspace=_TENANT, user_id=_ADA),
            nobody=UserRef(
                platform="teams", workspace=_TENANT, user_id=_PEOPLE[1].entra
            ),
            world=world,
            config=config,
            stack=stack,
        )


async def _taken(_request: web.Request) -> web.Response:
    return web.Response()


async def _serve(
    stack: AsyncExitStack, routes: Iterable[web.RouteDef], bound: socket.socket
) -> str:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound).start()
    return _url_of(bound)


def _bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def _url_of(bound: socket.socket) -> str:
    host, port = cast("tuple[str, int]", bound.getsockname())
    return f"http://{host}:{port}"
