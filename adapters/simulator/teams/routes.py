"""The stand-in's HTTP face: identity documents, token endpoint, connector.

One `_Gateway` stands in front of everything and does what is true of every request:
the bearer token, misfortunes on command, one operation per conversation, the journal.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from aiohttp import web
from pydantic import ValidationError

from adapters.simulator.journal import Journal
from adapters.simulator.profiles import Luck
from adapters.simulator.teams import answers
from adapters.simulator.teams.answers import Answer
from adapters.simulator.teams.connector import Connector
from adapters.simulator.teams.faults import (
    Conflict,
    Fault,
    Faults,
    Hold,
    Refused,
    Reset,
    ServerError,
    Silence,
    Throttle,
    misfortune,
)
from adapters.simulator.teams.keys import ISSUER, Notary
from adapters.simulator.teams.limits import Operation
from adapters.simulator.teams.login import Login
from adapters.simulator.teams.wire import Json, SentActivity
from bot.clock import Clock

CONNECTOR = "/teams/connector/"
OPENID = "/teams/openid/v1/.well-known/openidconfiguration"
KEYS = "/teams/openid/v1/.well-known/keys"
TOKEN = "/teams/login/{tenant}/oauth2/v2.0/token"  # noqa: S105 - a path

OPEN: frozenset[Operation] = frozenset({"token", "openid", "keys"})
"""Need no bearer token."""
EXCLUSIVE: frozenset[Operation] = frozenset(
    {"send", "typing", "stream", "update", "delete"}
)
"""Exclude one another within a conversation."""

Act = Callable[[Json], Answer]


@dataclass(slots=True, kw_only=True)
class Site:
    """What the routes stand on. The world builds it."""

    base_url: str
    connector: Connector
    notary: Notary
    login: Login
    faults: Faults
    journal: Journal
    clock: Clock
    closing: asyncio.Event
    """Set when nobody waits for an answer any longer."""
    exclusive: bool
    """Whether operations on a conversation that is busy are answered 412."""
    latency: float
    """Seconds that every request takes."""
    weather: Luck | None = None
    """What else happens to requests that need a bearer token."""
    busy: set[str] = field(default_factory=set[str])
    """Conversations with an operation under way."""


def site_routes(site: Site) -> Iterable[web.RouteDef]:
    """Return every route of the stand-in."""
    gate = _Gateway(site)
    chats = CONNECTOR + "v3/conversations"
    chat = chats + "/{conversation}"
    activity = chat + "/activities/{activity}"
    # aiohttp hands HEAD to GET; bots do not ask it.
    return [
        web.get(OPENID, gate.openid, allow_head=False),
        web.get(KEYS, gate.keys, allow_head=False),
        web.post(TOKEN, gate.token),
        web.post(chats, gate.create),
        web.post(chat + "/activities", gate.send),
        web.post(activity, gate.send),
        web.put(activity, gate.update),
        web.delete(activity, gate.delete),
        web.get(chat + "/members", gate.members, allow_head=False),
        web.get(chat + "/pagedmembers", gate.pages, allow_head=False),
        web.get(chat + "/members/{member}", gate.member, allow_head=False),
    ]


class _Gateway:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def openid(self, request: web.Request) -> web.StreamResponse:
        document = {
            "issuer": ISSUER,
            "jwks_uri": self._site.base_url + KEYS,
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_endpoint": "https://invalid.example/",
        }
        return await self._serve(request, "openid", lambda _: Answer(200, document))

    async def keys(self, request: web.Request) -> web.StreamResponse:
        def act(_: Json) -> Answer:
            return Answer(200, self._site.notary.key_document())

        return await self._serve(request, "keys", act)

    async def token(self, request: web.Request) -> web.StreamResponse:
        act = partial(self._site.login.grant, request.match_info["tenant"])
        return await self._serve(request, "token", act)

    async def create(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, "create", self._site.connector.create)

    async def send(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info
        act = partial(
            self._site.connector.send,
            place["conversation"],
            reply_to=place.get("activity"),
        )
        return await self._serve(request, await _kind_of(request), act)

    async def update(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info
        act = partial(
            self._site.connector.update, place["conversation"], place["activity"]
        )
        return await self._serve(request, "update", act)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info

        def act(_: Json) -> Answer:
            return self._site.connector.delete(place["conversation"], place["activity"])

        return await self._serve(request, "delete", act)

    async def members(self, request: web.Request) -> web.StreamResponse:
        return await self._list_members(request, paged=False)

    async def pages(self, request: web.Request) -> web.StreamResponse:
        return await self._list_members(request, paged=True)

    async def member(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info

        def act(_: Json) -> Answer:
            return self._site.connector.member(place["conversation"], place["member"])

        return await self._serve(request, "members", act)

    async def _list_members(
        self, request: web.Request, *, paged: bool
    ) -> web.StreamResponse:
        def act(_: Json) -> Answer:
            place = request.match_info["conversation"]
            return self._site.connector.members(place, paged=paged)

        return await self._serve(request, "members", act)

    async def _serve(
        self, request: web.Request, operation: Operation, act: Act
    ) -> web.StreamResponse:
        site = self._site
        started = site.clock.monotonic()
        credentials = request.headers.get("Authorization", "")
        fault = None
        if operation in OPEN or site.login.accepts(credentials):
            where = request.match_info.get("conversation", "")
            fault = self._fate_of(operation, where)
            answer = await self._perform(request, operation, act, fault)
        else:
            answer = answers.UNAUTHORIZED
        place = request.match_info
        site.journal.record(
            "api",
            platform="teams",
            method=request.method,
            operation=operation,
            conversation=place.get("conversation"),
            activity=place.get("activity"),
            status=None
            if isinstance(fault, Silence | Reset)
            else answer.status or None,
            error=answer.code,
            retry_after=answer.retry_after,
            fault=type(fault).__name__ if fault else None,
            seconds=site.clock.monotonic() - started,
        )
        if site.weather and operation not in OPEN:
            await site.clock.sleep(site.weather.back())
        return await self._reply(request, answer, fault)

    def _fate_of(self, operation: Operation, conversation: str) -> Fault | None:
        site = self._site
        if fault := site.faults.take(operation, conversation):
            return fault
        if site.weather is None or operation in OPEN:
            return None
        return misfortune(site.weather)

    async def _perform(
        self,
        request: web.Request,
        operation: Operation,
        act: Act,
        fault: Fault | None,
    ) -> Answer:
        body = await _read(request)
        if isinstance(body, Answer):
            return body
        with self._occupied(request, operation) as busy:
            if busy or isinstance(fault, Conflict):
                return answers.CONFLICT
            if isinstance(fault, Hold):
                await fault.arrive()
            await self._travel(operation)
            match fault:
                case Throttle(retry_after=pause):
                    return answers.throttled(pause)
                case Refused(status=status, code=code, message=message):
                    return answers.refusal(status, code, message)
                case Silence(applied=False) | Reset(applied=False) | Hold(dropped=True):
                    return Answer(0)
                case ServerError(status=status, applied=applied):
                    if applied:
                        act(body)
                    return Answer(status, code="ServiceError")
                case _:
                    return act(body)

    async def _travel(self, operation: Operation) -> None:
        seconds = self._site.latency
        if self._site.weather and operation not in OPEN:
            seconds += self._site.weather.there()
        if seconds:
            await self._site.clock.sleep(seconds)

    @contextmanager
    def _occupied(self, request: web.Request, operation: Operation) -> Generator[bool]:
        place = request.match_info.get("conversation", "")
        if operation not in EXCLUSIVE or not self._site.exclusive:
            yield False
        elif place in self._site.busy:
            yield True
        else:
            self._site.busy.add(place)
            try:
                yield False
            finally:
                self._site.busy.discard(place)

    async def _reply(
        self, request: web.Request, answer: Answer, fault: Fault | None
    ) -> web.StreamResponse:
        match fault:
            case Silence():
                await self._site.closing.wait()
                return _broken(request)
            case Reset() | Hold(dropped=True):
                return _broken(request)
            case ServerError():
                page = f"<html><body><h1>{answer.status}</h1></body></html>"
                return web.Response(
                    status=answer.status, text=page, content_type="text/html"
                )
            case _:
                return _response(answer)


def _response(answer: Answer) -> web.Response:
    headers: dict[str, str] = {}
    if answer.retry_after is not None:
        headers["Retry-After"] = str(answer.retry_after)
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.json_response(answer.body, status=answer.status, headers=headers)


def _broken(request: web.Request) -> web.Response:
    transport = request.transport
    if transport is not None:
        connection = cast("socket.socket | None", transport.get_extra_info("socket"))
        if connection is not None:
            # No goodbye: the other side sees a reset, not an end of stream.
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    return web.Response()


async def _kind_of(request: web.Request) -> Operation:
    """Return what a post is, as far as that can be seen before it is read."""
    body = await _read(request)
    if isinstance(body, Answer):
        return "send"
    try:
        activity = SentActivity.model_validate(body)
    except ValidationError:
        return "send"
    if activity.streams:
        return "stream"
    return "typing" if activity.type == "typing" else "send"


async def _read(request: web.Request) -> Json | Answer:
    if request.method not in {"POST", "PUT"}:
        return {}
    try:
        if request.content_type == "application/x-www-form-urlencoded":
            form = cast("Mapping[str, Any]", await request.post())
            return dict(form)
        body: object = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge:
        return answers.TOO_BIG
    except ValueError:
        return answers.bad_syntax("Invalid JSON")
    if not isinstance(body, dict):
        return answers.bad_syntax("Invalid JSON")
    return cast("Json", body)
