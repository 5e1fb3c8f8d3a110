"""A channel for tests of the Teams adapter: its keys, its tokens, its connector.

Really signed tokens, a real server; only what it answers is decided by the test.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from typing_extensions import override

from adapters.teams.config import TeamsConfig
from bot.clock import Clock
from bot.errors import StoreUnavailableError
from bot.ports.inbox import Acceptance, Inbox
from bot.protocol.ids import TurnId
from bot.protocol.inbound import Address, Inbound

APP_ID = "00000000-0000-0000-0000-00000000a001"
SECRET = "test-secret"
TENANT = "00000000-0000-0000-0000-00000000c001"
ISSUER = "https://api.botframework.com"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANN = "00000000-0000-0000-0000-000000000aaa"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """Return the key called ``name``; making one takes a while."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class ManualClock(Clock):
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    @override
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.elapsed)

    @override
    def monotonic(self) -> float:
        return self.elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        self.elapsed += seconds


class RecordingInbox(Inbox):
    """Keeps what it is given; answers, or fails, as the test says."""

    def __init__(self) -> None:
        self.accepted: list[Inbound] = []
        self.answer = Acceptance(outcome="accepted")
        self.away = False
        self.asked = asyncio.Event()
        self.commit: asyncio.Event | None = None
        """Nothing is committed before it is set."""

    @override
    async def accept(self, inbound: Inbound) -> Acceptance:
        self.asked.set()
        if self.commit is not None:
            await self.commit.wait()
        if self.away:
            raise StoreUnavailableError("postgres is away")
        self.accepted.append(inbound)
        return self.answer

    @override
    async def turn_shown(
        self, place: Address, messages: Sequence[str]
    ) -> TurnId | None:
        raise AssertionError("Teams tells which conversation it was")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the connector got."""

    method: str
    path: str
    """As sent, not decoded."""
    authorization: str
    body: Any


Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Channel:
    """Keys, tokens and the connector, on one local server."""

    keys: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"key-1": ("msteams",)}
    )
    """Key ids, and the channels that each is endorsed for."""
    replies: deque[Reply] = field(default_factory=deque[Reply])
    """What the connector answers next; afterwards, 201 and an id."""
    token_replies: deque[Reply] = field(default_factory=deque[Reply])
    calls: list[Call] = field(default_factory=list[Call])
    key_fetches: int = 0
    keys_away: bool = False
    token_forms: list[Mapping[str, str]] = field(
        default_factory=list[Mapping[str, str]]
    )
    url: str = ""

    @property
    def service_url(self) -> str:
        """What its activities give as ``serviceUrl``."""
        return f"{self.url}/teams/"

    def config(self, **changes: Any) -> TeamsConfig:  # noqa: ANN401 - any field
        """Return a bot's configuration that trusts this channel."""
        settings: dict[str, Any] = {
            "app_id": APP_ID,
            "app_password": SECRET,
            "tenant_id": TENANT,
            "metadata_url": f"{self.url}/v1/.well-known/openidconfiguration",
            "token_url": f"{self.url}/{{tenant}}/token",
            "service_urls": (f"{self.url}/teams",),
            "default_service_url": self.service_url,
        }
        return TeamsConfig(**settings | changes)

    def token(
        self,
        *,
        kid: str | None = "key-1",
        signed_by: str = "",
        without: tuple[str, ...] = (),
        algorithm: str = "RS256",
        **claims: object,
    ) -> str:
        """Return a token as the channel signs it, with some claims changed."""
        now = int(NOON.timestamp())
        body: dict[str, Any] = {
            "iss": ISSUER,
            "aud": APP_ID,
            "nbf": now - 60,
            "exp": now + 3600,
            "serviceurl": self.service_url,
        } | claims
        key = private_key(signed_by or kid or "key-1")
        return jwt.encode(
            {name: value for name, value in body.items() if name not in without},
            key if algorithm == "RS256" else "s" * 64,
            algorithm=algorithm,
            headers={"kid": kid} if kid else None,
        )

    def activity(self, **changes: object) -> dict[str, Any]:
        """Return a message to the bot in a chat of two, with some fields changed."""
        return {
            "type": "message",
            "id": "1700000000001",
            "timestamp": "2026-11-20T11:59:58.123Z",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": "29:ann", "name": "Ann", "aadObjectId": ANN},
            "recipient": {"id": f"28:{APP_ID}", "name": "Deskhand"},
            "conversation": {
                "id": "a:chat-1",
                "conversationType": "personal",
                "tenantId": TENANT,
            },
            "channelData": {"tenant": {"id": TENANT}},
            "text": "How do I connect to the VPN?",
            "textFormat": "plain",
        } | changes

    def click(
        self, verb: str, data: Mapping[str, Any], **changes: object
    ) -> dict[str, Any]:
        """Return the invoke that a button of a card sends."""
        action = {"type": "Action.Execute", "verb": verb, "data": dict(data)}
        return self.activity(
            type="invoke",
            id="f:click-1",
            name="adaptiveCard/action",
            replyToId="1700000000000",
            value={"action": action, "trigger": "manual"},
            **changes,
        )

    def server(self) -> TestServer:
        """Return the server; its address is known once it has started."""
        app = web.Application()
        app.router.add_get("/v1/.well-known/openidconfiguration", self._metadata)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/{tenant}/token", self._token)
        app.router.add_route("*", "/teams/{rest:.*}", self._connector)
        return TestServer(app)

    async def _metadata(self, _: web.Request) -> web.Response:
        self.key_fetches += 1
        if self.keys_away:
            return web.Response(status=503)
        return web.json_response({"issuer": ISSUER, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        listed: list[dict[str, Any]] = [{"kid": "odd", "kty": "EC"}]
        for kid, endorsements in self.keys.items():
            public = private_key(kid).public_key()
            jwk = cast("dict[str, Any]", json.loads(RSAAlgorithm.to_jwk(public)))
            listed.append(jwk | {"kid": kid, "endorsements": list(endorsements)})
        return web.json_response({"keys": listed})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.token_forms.append(
            {"tenant": request.match_info["tenant"]}
            | {name: str(value) for name, value in form.items()}
        )
        if self.token_replies:
            return await self.token_replies.popleft()(request)
        number = len(self.token_forms)
        return web.json_response(
            {"access_token": f"token-{number}", "expires_in": 3600}
        )

    async def _connector(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.calls.append(
            Call(
                request.method,
                request.raw_path,
                request.headers.get("Authorization", ""),
                json.loads(body) if body else None,
            )
        )
        if self.replies:
            return await self.replies.popleft()(request)
        return web.json_response({"id": f"m-{len(self.calls)}"}, status=201)


def reply(
    status: int, body: object = None, *, retry_after: str = "", html: str = ""
) -> Reply:
    """Return what makes the channel answer like this, once."""
    headers = {"Retry-After": retry_after} if retry_after else {}

    async def answer(_: web.Request) -> web.Response:
        if html:
            return web.Response(
                status=status, text=html, content_type="text/html", headers=headers
            )
        return web.json_response(body, status=status, headers=headers)

    return answer


def refuse(status: int, code: str, *, retry_after: str = "") -> Reply:
    """Return what makes the connector refuse with its own error document."""
    error = {"error": {"code": code, "message": f"{code}, says Teams"}}
    return reply(status, error, retry_after=retry_after)


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection instead of answering."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@dataclass(slots=True)
class Gate:
    """A reply that waits to be let go."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        self.reached.set()
        await self.released.wait()
        return web.json_response({"id": "late"}, status=201)
