"""What the tests of the Teams stand-in share: a clock, a bot, and a client."""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp
import jwt
from aiohttp import web
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.teams.keys import SigningKey
from adapters.simulator.teams.limits import Limits
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from bot.clock import Clock, SystemClock
from bot.company.model import Person
from bot.protocol.ids import PersonId

APP = "11111111-aaaa-4bbb-8ccc-000000000001"
SECRET = "a secret"
TENANT = "22222222-aaaa-4bbb-8ccc-000000000002"
ADA_AAD = "33333333-aaaa-4bbb-8ccc-000000000003"
PEOPLE = (
    Person(id=PersonId("ada"), name="Ada Lovelace", email="ada@x.test", entra=ADA_AAD),
    Person(
        id=PersonId("bob"),
        name="Bob Ross",
        email="bob@x.test",
        entra="44444444-aaaa-4bbb-8ccc-000000000004",
    ),
    Person(id=PersonId("eve"), name="Eve No-Teams", email="eve@x.test"),
)
KEY = SigningKey("key-1")
"""Making one takes a while; all tests share it."""
SCOPE = "https://api.botframework.com/.default"

Json = dict[str, Any]
Reply = tuple[int, Any, Mapping[str, str]]
"""Status, body, headers."""


class ManualClock(Clock):
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self._start = SystemClock().now()
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

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds
        due = [s for s in self._sleepers if s[0] <= self._elapsed]
        self._sleepers = [s for s in self._sleepers if s[0] > self._elapsed]
        for _, _, future in due:
            if not future.done():
                future.set_result(None)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return all(future.done() for _, _, future in self._sleepers)

    async def someone_sleeps(self, seconds: float) -> None:
        """Return when somebody waits for ``seconds``."""
        async with asyncio.timeout(5):
            while not any(
                asked == seconds and not future.done()
                for _, asked, future in self._sleepers
            ):
                self._news.clear()
                await self._news.wait()


class Receiver:
    """A bot that verifies what arrives and answers as told."""

    def __init__(self) -> None:
        self.activities: asyncio.Queue[Json] = asyncio.Queue()
        self.requests: list[web.Request] = []
        self.answers: deque[web.Response | asyncio.Event] = deque()
        """What to answer next; an event is waited for, then 200."""
        self.openid_metadata_url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if not await self._is_genuine(request):
            return web.Response(status=401)
        await self.activities.put(await request.json())
        answer = self.answers.popleft() if self.answers else web.Response(status=200)
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return web.Response(status=200)
        return answer

    async def next(self, kind: str) -> Json:
        """Return the next activity of this type."""
        async with asyncio.timeout(5):
            while True:
                activity = await self.activities.get()
                if activity["type"] == kind:
                    return activity

    async def _is_genuine(self, request: web.Request) -> bool:
        async with aiohttp.ClientSession() as session:
            async with session.get(self.openid_metadata_url) as response:
                metadata = await response.json()
            async with session.get(metadata["jwks_uri"]) as response:
                documents = await response.json()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            kid = jwt.get_unverified_header(token)["kid"]
            found = {key["kid"]: key for key in documents["keys"]}[kid]
            claims = jwt.decode(
                token,
                jwt.PyJWK(found).key,
                algorithms=["RS256"],
                audience=APP,
                issuer="https://api.botframework.com",
            )
        except (jwt.InvalidTokenError, KeyError):
            return False
        body = await request.json()
        return (
            "msteams" in found["endorsements"]
            and claims.get("serviceurl") == body["serviceUrl"]
        )


class Client:
    """A bot's calls to the connector."""

    def __init__(self, session: aiohttp.ClientSession, world: TeamsWorld) -> None:
        self._session = session
        self._world = world
        self.token = ""

    async def log_in(self, **changes: str) -> tuple[int, Json]:
        form = {
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": SECRET,
            "scope": SCOPE,
            **changes,
        }
        async with self._session.post(self._world.token_url, data=form) as response:
            document = await response.json()
            self.token = document.get("access_token", self.token)
            return response.status, document

    async def call(self, method: str, path: str, body: object = None) -> Reply:
        async with self._session.request(
            method,
            f"{self._world.service_url}v3/conversations{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as response:
            text = await response.text()
            content = await response.json() if text.startswith(("{", "[")) else text
            return response.status, content, response.headers

    async def send(self, chat: str, text: str = "hello", **more: object) -> Reply:
        body = {"type": "message", "text": text, **more}
        return await self.call("POST", f"/{chat}/activities", body)

    async def update(self, chat: str, activity: str, text: str = "edited") -> Reply:
        body = {"type": "message", "text": text}
        return await self.call("PUT", f"/{chat}/activities/{activity}", body)


class Stage:
    """Everything a test needs."""

    def __init__(
        self, world: TeamsWorld, clock: ManualClock, bot: Receiver, client: Client
    ) -> None:
        self.world = world
        self.clock = clock
        self.bot = bot
        self.client = client

    @property
    def ada(self) -> str:
        """Ada's chat."""
        return self.world.conversation_of("ada")

    def calls(self) -> list[Json]:
        """Return the journal of the bot's calls."""
        return self.changes("api")

    def changes(self, kind: str) -> list[Json]:
        """Return the bodies of all changes of a kind."""
        return [dict(c.body) for c in self.world.journal.after(0) if c.kind == kind]


@asynccontextmanager
async def stage(
    *, limits: Limits | None = None, exclusive: bool = True
) -> AsyncGenerator[Stage]:
    """Serve a world and a bot; Ada has the bot installed, Bob has not."""
    clock, bot = ManualClock(), Receiver()
    async with AsyncExitStack() as stack:
        pages, endpoint = web.Application(), web.Application()
        endpoint.router.add_post("/api/messages", bot.serve)
        own, theirs = bound_socket(), bound_socket()
        world = TeamsWorld(
            Journal(clock),
            clock,
            bot_url=f"{url_of(theirs)}/api/messages",
            base_url=url_of(own),
            app_id=APP,
            app_password=SECRET,
            tenant_id=TENANT,
            company=PEOPLE,
            limits=limits or Limits(),
            exclusive=exclusive,
            key=KEY,
        )
        pages.add_routes(teams_world_routes(world))
        for application, bound in ((pages, own), (endpoint, theirs)):
            runner = web.AppRunner(application, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, bound).start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(world)
        bot.openid_metadata_url = world.openid_metadata_url
        client = Client(session, world)
        await client.log_in()
        await world.install("ada")
        await bot.next("installationUpdate")
        yield Stage(world, clock, bot, client)


def bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def url_of(bound: socket.socket) -> str:
    host, port = cast("tuple[str, int]", bound.getsockname())
    return f"http://{host}:{port}"
