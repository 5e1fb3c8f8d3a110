"""A little Slack for tests: signed webhooks in, a scripted Web API on a real socket."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from typing_extensions import override

from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.ingress import PATH, slack_routes
from adapters.slack.parse import Identity
from adapters.slack.signature import sign
from bot.clock import Clock
from bot.ports.inbox import Acceptance, Inbox
from bot.protocol.ids import TurnId
from bot.protocol.inbound import Address, Inbound

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "xoxb-1234-secret"
ME = Identity(team_id="T1", user_id="UBOT", bot_id="BBOT")

Client: TypeAlias = TestClient[web.Request, web.Application]
Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FixedClock(Clock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @override
    def now(self) -> datetime:
        return NOW

    @override
    def monotonic(self) -> float:
        return self.seconds

    @override
    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


class RecordingInbox(Inbox):
    """Keeps what was accepted, and answers as told."""

    def __init__(self) -> None:
        self.accepted: list[Inbound] = []
        self.shown: dict[str, TurnId] = {}
        """Which turn each message shows, as the store knows."""
        self.answer = Acceptance(outcome="accepted")
        self.error: Exception | None = None
        self.entered = asyncio.Event()
        self.commit = asyncio.Event()
        self.commit.set()

    @override
    async def accept(self, inbound: Inbound) -> Acceptance:
        self.entered.set()
        await self.commit.wait()
        if self.error:
            raise self.error
        self.accepted.append(inbound)
        return self.answer

    @override
    async def turn_shown(
        self, place: Address, messages: Sequence[str]
    ) -> TurnId | None:
        return next((self.shown[ts] for ts in messages if ts in self.shown), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API as it came over the wire."""

    method: str
    arguments: Mapping[str, Any]
    authorization: str


@dataclass(slots=True)
class FakeApi:
    """Slack's Web API with one scripted answer per call; ``ok`` when none is left."""

    url: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    script: dict[str, deque[Answer]] = field(
        default_factory=lambda: defaultdict(deque[Answer])
    )
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, method: str, *answers: Answer) -> None:
        """Give these answers to the next calls of ``method``."""
        self.script[method].extend(answers)

    def called(self, method: str) -> list[Mapping[str, Any]]:
        """Return the arguments of all calls of ``method``."""
        return [call.arguments for call in self.calls if call.method == method]

    async def hang(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        """Take the call and never answer."""
        await self.closing.wait()
        return web.Response()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Record a call and give its answer."""
        method = request.match_info["method"]
        given = await request.json() if request.can_read_body else dict(request.query)
        authorization = request.headers.get("Authorization", "")
        self.calls.append(Call(method, given, authorization))
        if self.script[method]:
            return await self.script[method].popleft()(request)
        return web.json_response(_DEFAULTS.get(method, {"ok": True}))


_DEFAULTS: dict[str, dict[str, Any]] = {
    "auth.test": {
        "ok": True,
        "team_id": ME.team_id,
        "user_id": ME.user_id,
        "bot_id": ME.bot_id,
    },
    "chat.postMessage": {"ok": True, "channel": "C1", "ts": "1700000100.000200"},
    "conversations.open": {"ok": True, "channel": {"id": "D7"}},
}


def says(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer with a JSON body."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return answer


def refuses(code: str, *, status: int = 200, **more: object) -> Answer:
    """Return the answer ``ok: false`` with ``code``."""
    return says({"ok": False, "error": code, **more}, status=status)


def raw(text: str, *, status: int, kind: str = "text/html") -> Answer:
    """Return an answer that is not JSON."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, content_type=kind)

    return answer


async def resets(request: web.Request) -> web.StreamResponse:
    """Break the connection after the call has been taken."""
    assert request.transport
    request.transport.abort()
    return web.Response()


async def start_api(api: FakeApi) -> TestServer:
    """Serve ``api`` on a local port."""
    app = web.Application()
    app.router.add_route("*", "/api/{method}", api.handle)
    server = TestServer(app)
    await server.start_server()
    api.url = str(server.make_url("/api/"))
    return server


def platform_for(api: FakeApi, *, timeout: float = 15.0) -> SlackPlatform:
    """Return a platform that talks to ``api``, not started."""
    config = SlackConfig(SECRET, TOKEN, api.url)
    return SlackPlatform(config, clock=FixedClock(), timeout=timeout)


def client_for(inbox: Inbox, platform: SlackPlatform) -> Client:
    """Return an HTTP client of the bot's own routes."""
    app = web.Application()
    app.add_routes(slack_routes(SlackConfig(SECRET, TOKEN), inbox, platform))
    return TestClient(TestServer(app))


def signed(body: bytes, *, age: int = 0, kind: str = "json") -> dict[str, str]:
    """Return the headers that Slack sends with ``body``."""
    timestamp = str(int(NOW.timestamp()) - age)
    content = "json" if kind == "json" else "x-www-form-urlencoded"
    return {
        "Content-Type": f"application/{content}",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(body, timestamp=timestamp, secret=SECRET),
    }


async def send_event(client: Client, payload: object) -> tuple[int, str]:
    """Send a signed event; return status and body of the answer."""
    body = json.dumps(payload).encode()
    async with client.post(PATH, data=body, headers=signed(body)) as answer:
        return answer.status, await answer.text()


async def send_form(client: Client, fields: Mapping[str, str]) -> tuple[int, str]:
    """Send a signed form, as for interactivity and commands."""
    body = urlencode(fields).encode()
    headers = signed(body, kind="form")
    async with client.post(PATH, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def send_interaction(client: Client, payload: object) -> tuple[int, str]:
    """Send a signed interaction payload."""
    return await send_form(client, {"payload": json.dumps(payload)})
