"""The HTTP side of the stand-in: the Web API and ``response_url``s.

Arguments come as a query string, a form or JSON, the token in a header or with the
arguments, as Slack accepts them and `slack_sdk` sends them.

Source: https://docs.slack.dev/apis/web-api/using-the-web-api
"""

import json
from collections.abc import Iterable
from typing import Any, cast

from aiohttp import web
from typing_extensions import override

from adapters.simulator.slack.calls import RefusedError
from adapters.simulator.slack.faults import (
    ConnectionReset,
    Fault,
    NoAnswer,
    RateLimited,
    Refusal,
    ServerError,
)
from adapters.simulator.slack.people import Json
from adapters.simulator.slack.world import SlackWorld

_ERROR_PAGE = "<!DOCTYPE html><html><body><h1>Internal Server Error</h1></body></html>"


class _NeverSent(web.Response):
    """Leaves the caller waiting; the connection stays open until it hangs up."""

    @property
    @override
    def keep_alive(self) -> bool:
        return True

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        return None


def slack_world_routes(
    world: SlackWorld, *, prefix: str = "/slack"
) -> Iterable[web.RouteDef]:
    """Return the stand-in's routes.

    The Web API is under ``{prefix}/api/``; ``world.public_url`` should be the
    server's address followed by ``prefix``.
    """

    async def call(request: web.Request) -> web.StreamResponse:
        return await _call(world, request)

    async def respond(request: web.Request) -> web.StreamResponse:
        return await _respond(world, request)

    return [
        web.post(f"{prefix}/api/{{method}}", call),
        web.get(f"{prefix}/api/{{method}}", call, allow_head=False),
        web.post(f"{prefix}/actions/{{secret}}", respond),
    ]


async def _call(world: SlackWorld, request: web.Request) -> web.StreamResponse:
    try:
        args = await _arguments(request)
    except RefusedError as refused:
        return web.json_response(refused.answer())
    in_header = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = in_header or str(args.pop("token", ""))
    async with world.weather.around():
        answer = world.api.call(request.match_info["method"], args, token=token)
    if answer.fault is not None:
        return await _fail(request, answer.fault)
    return web.json_response(
        answer.body, status=answer.status, headers=dict(answer.headers)
    )


async def _respond(world: SlackWorld, request: web.Request) -> web.StreamResponse:
    try:
        world.interactions.respond(
            request.match_info["secret"], await _arguments(request)
        )
    except RefusedError as refused:
        return web.json_response(refused.answer(), status=404)
    return web.Response(text="ok")


async def _arguments(request: web.Request) -> Json:
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            sent: Any = json.loads(await request.read() or b"{}")
        except ValueError:
            raise RefusedError("invalid_json") from None
        if not isinstance(sent, dict):
            raise RefusedError("json_not_object")
        return args | cast("Json", sent)
    return args | dict(await request.post())


async def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault:
        case ServerError(status=status):
            return web.Response(
                status=status, text=_ERROR_PAGE, content_type="text/html"
            )
        case ConnectionReset():
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        case NoAnswer():
            return _NeverSent()
        case RateLimited() | Refusal():
            raise AssertionError(f"{fault} has an answer of its own")
