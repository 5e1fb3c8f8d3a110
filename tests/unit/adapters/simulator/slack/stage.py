"""What the tests of the Slack stand-in share: a clock, a bot, and Slack's client."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.slack.people import SlackUser
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from bot.clock import Clock

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "xoxb-stand-in"
ADA = SlackUser(id="U0ADA", name="Ada Byron", email="ada@x.test", title="Designer")
BOB = SlackUser(id="U0BOB", name="Bob Ross", email="bob@x.test")

Json = dict[str, Any]


class ManualClock(Clock):
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self._start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, float, asyncio.Future[None]]] = []
        self._news = asyncio.Event()

    @override
    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    @override
    def monotonic(self) -> float:
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, seconds, future))
        self._news.set()
        await future

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds
        for due, _, future in self._sleepers:
            if due <= self._elapsed and not future.done():
                future.set_result(None)

    async def someone_sleeps(self, seconds: float) -> None:
        """Return when somebody waits for ``seconds``."""
        async with asyncio.timeout(5):
            while not any(
                asked == seconds and not future.done()
                for _, asked, future in self._sleepers
            ):
                self._news.clear()
                await self._news.wait()


class _VerifierClock(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @override
    def now(self) -> float:
        return self._clock.now().timestamp()


@dataclass(frozen=True)
class Received:
    """One request that the bot got, signature verified."""

    payload: Json
    retry_num: str | None
    retry_reason: str | None

    @property
    def event(self) -> Json:
        """The event, when it is an event callback."""
        return self.payload["event"]


class Bot:
    """Verifies what arrives and answers as told."""

    def __init__(self, clock: Clock) -> None:
        self._verifier = SignatureVerifier(SECRET, clock=_VerifierClock(clock))
        self.received: asyncio.Queue[Received] = asyncio.Queue()
        self.answers: deque[web.Response | asyncio.Event] = deque()
        """What to answer next; an event is waited for, then 200."""
        self.refused = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        if not self._verifier.is_valid_request(body, dict(request.headers)):
            self.refused += 1
            return web.Response(status=401)
        is_form = request.content_type == "application/x-www-form-urlencoded"
        await self.received.put(
            Received(
                payload=json.loads(parse_qs(body)["payload"][0] if is_form else body),
                retry_num=request.headers.get("x-slack-retry-num"),
                retry_reason=request.headers.get("x-slack-retry-reason"),
            )
        )
        answer = self.answers.popleft() if self.answers else web.Response()
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return web.Response()
        return answer

    async def next(self) -> Received:
        """Return the next request."""
        async with asyncio.timeout(5):
            return await self.received.get()


class Stage:
    """Everything a test needs."""

    def __init__(
        self, world: SlackWorld, clock: ManualClock, bot: Bot, client: AsyncWebClient
    ) -> None:
        self.world = world
        self.clock = clock
        self.bot = bot
        self.client: Any = client
        """slack_sdk's `AsyncWebClient`; its methods take untyped keywords."""
        self.channel = world.help_channel.id
        self.ada_dm = "D0ADA"

    async def post(self, text: str = "hello", **more: object) -> str:
        """Post as the bot, into the channel if not told otherwise."""
        channel = more.pop("channel", self.channel)
        answer = await self.client.chat_postMessage(channel=channel, text=text, **more)
        return str(answer["ts"])

    async def ask(self, text: str) -> str:
        """Let Ada write into the channel."""
        return await self.world.say(ADA.id, self.channel, text)

    def calls(self, method: str) -> list[Json]:
        """Return what the journal says of calls of ``method``."""
        return self.journaled("api", lambda body: body["method"] == method)

    def journaled(self, kind: str, where: Callable[[Json], bool]) -> list[Json]:
        """Return the bodies of the journal's changes of a kind."""
        journal = self.world.workspace.journal
        bodies = [dict(c.body) for c in journal.after(0) if c.kind == kind]
        return [body for body in bodies if where(body)]


@dataclass(frozen=True)
class Refused:
    """An answer that is not ``ok``."""

    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def error(self) -> str:
        return str(self.body["error"])


async def error_of(call: Awaitable[object]) -> str:
    """Return the error that a call of the client is refused with."""
    return (await refusal_of(call)).error


async def refusal_of(call: Awaitable[object]) -> Refused:
    """Return the refusal that a call of the client gets."""
    try:
        answer = await call
    except SlackApiError as error:
        response: Any = error.response
        return Refused(response.status_code, response.headers, response.data)
    raise AssertionError(f"accepted: {answer}")


@asynccontextmanager
async def stage(**settings: object) -> AsyncGenerator[Stage]:
    """Open a workspace with Ada, Bob and a bot that listens."""
    clock = ManualClock()
    bot = Bot(clock)
    chosen: dict[str, Any] = {"echo_own": False, "users": [ADA, BOB], **settings}
    world = SlackWorld(
        Journal(clock),
        clock,
        bot_url="",
        signing_secret=SECRET,
        bot_token=TOKEN,
        **chosen,
    )
    app = web.Application()
    app.add_routes([*slack_world_routes(world), web.post("/events", bot.serve)])
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        # After the server, so that it ends before it: deliveries under way go first.
        await stack.enter_async_context(world)
        world.bot_url, world.public_url = f"{url}/events", f"{url}/slack"
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = AsyncWebClient(
            token=TOKEN,
            base_url=f"{url}/slack/api/",
            session=session,
            retry_handlers=[],
        )
        yield Stage(world, clock, bot, client)
