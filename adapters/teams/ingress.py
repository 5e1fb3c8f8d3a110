"""``POST /api/messages``: verify, commit, answer; in this order.

A message is answered 202 once it is committed. A click is answered 200 with what its
card shows now. Nobody's input is answered 500.

===================================================  ======
no token, a bad one, or one for somebody else        401
another tenant, or a service URL that is not trusted 403
a body over 1 MiB                                    413
not JSON, or not an activity                         400
an invoke that no card of ours makes                 501
nothing could be stored, or no keys to verify with   503
===================================================  ======
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from botbuilder.core import TurnContext
from botbuilder.core.invoke_response import InvokeResponse

from adapters.teams import limits, wording
from adapters.teams.auth import check_claims
from adapters.teams.bridge import PooledAdapter
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig, is_loopback
from adapters.teams.invokes import (
    answer_click,
    answer_malformed,
    answer_unavailable,
    answer_unknown,
)
from adapters.teams.parse import CARD_ACTION, Ignored, Parsed, UnknownInvoke, parse
from adapters.teams.wire import Incoming, read_activity
from bot.errors import (
    MalformedError,
    PlatformError,
    StoreUnavailableError,
    UnverifiedError,
)
from bot.ports.inbox import Inbox
from bot.protocol.inbound import Continued, Decided, Met, Said, Stopped

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Origin")
_APOLOGIES_REMEMBERED = 1000
_log = structlog.stdlib.get_logger()


def teams_routes(
    config: TeamsConfig, inbox: Inbox, platform: TeamsPlatform
) -> list[web.RouteDef]:
    """Return the routes of the Teams webhook, for ``Application.add_routes``.

    Args:
        config: The same that ``platform`` was built with.
        inbox: Where deliveries are committed.
        platform: Started before the first request comes.
    """
    return [web.post("/api/messages", _Ingress(config, inbox, platform).receive)]


class _Ingress:
    def __init__(
        self, config: TeamsConfig, inbox: Inbox, platform: TeamsPlatform
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._platform = platform
        self._apologised: OrderedDict[str, None] = OrderedDict()

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one webhook call."""
        try:
            incoming = await self._verified(request)
        except UnverifiedError as error:
            return _refused(401, str(error))
        except MalformedError as error:
            return _refused(400, str(error))
        except PlatformError as error:
            return _refused(503, str(error))
        if refusal := self._not_for_us(incoming):
            return _refused(403, refusal)
        adapter = PooledAdapter(self._platform.connector)
        answer = await adapter.answer(incoming.activity, partial(self._turn, incoming))
        if answer.body is None:
            return web.Response(status=answer.status)
        return web.json_response(answer.body, status=answer.status)

    # ------------------------------------------------------------------- verifying

    async def _verified(self, request: web.Request) -> Incoming:
        _check_length(request.content_length or 0)
        if self._is_local_and_unsigned(request):
            return read_activity(await _body(request))
        if not self._config.app_id:
            raise UnverifiedError("unsigned activities are not accepted from here")
        header = request.headers.get("Authorization", "")
        caller = await self._platform.verifier.verify(header)
        incoming = read_activity(await _body(request))
        check_claims(caller, incoming)
        return incoming

    def _is_local_and_unsigned(self, request: web.Request) -> bool:
        """Return whether this needs no token: a program on this machine is calling.

        What a proxy or tunnel on this machine passes on is not local, nor is what a
        web page makes a browser on this machine send.
        """
        return (
            self._config.allow_anonymous
            and is_loopback(request.remote or "")
            and not any(name in request.headers for name in _FORWARDED)
            and not (self._config.app_id and "Authorization" in request.headers)
        )

    def _not_for_us(self, incoming: Incoming) -> str:
        if not self._config.accepts(incoming.service_url):
            return f"service URL {incoming.service_url[:200]!r} is not trusted"
        tenant = incoming.tenant_id or self._default_tenant
        wanted = self._config.only_tenant
        if wanted and tenant.lower() != wanted.lower():
            return f"tenant {tenant[:100]!r} is not the one this bot serves"
        return ""

    @property
    def _default_tenant(self) -> str:
        if not self._config.allow_anonymous:
            return ""  # Teams always names it
        return self._config.tenant_id or "local"

    # ------------------------------------------------------------------- answering

    async def _turn(self, incoming: Incoming, context: TurnContext) -> InvokeResponse:
        try:
            parsed = parse(
                incoming,
                now=self._platform.clock.now(),
                default_tenant=self._default_tenant,
            )
        except MalformedError as error:
            _log.warning("teams.malformed", type=incoming.type, error=str(error))
            if incoming.name == CARD_ACTION:
                return InvokeResponse(200, answer_malformed())
            return InvokeResponse(400)
        return await self._answer(parsed, context)

    async def _answer(self, parsed: Parsed, context: TurnContext) -> InvokeResponse:
        match parsed:
            case Ignored(why=why):
                _log.debug("teams.ignored", why=why)
                return InvokeResponse(200)
            case UnknownInvoke(name=name):
                _log.info("teams.unknown_invoke", name=name[:100])
                if name.startswith(CARD_ACTION):
                    return InvokeResponse(200, answer_unknown(parsed))
                return InvokeResponse(501)
            case Said() | Met():
                return await self._committed(parsed, context)
            case Decided() | Stopped() | Continued():
                return InvokeResponse(200, await self._click(parsed))

    async def _click(self, click: Decided | Stopped | Continued) -> Mapping[str, Any]:
        try:
            return answer_click(click, await self._inbox.accept(click))
        except StoreUnavailableError as error:
            _log.error("teams.not_stored", type=click.type, error=str(error))
            return answer_unavailable()

    async def _committed(
        self, inbound: Said | Met, context: TurnContext
    ) -> InvokeResponse:
        try:
            await self._inbox.accept(inbound)
        except StoreUnavailableError as error:
            _log.error("teams.not_stored", type=inbound.type, error=str(error))
            if isinstance(inbound, Said):
                await self._apologise(inbound, context)
            return InvokeResponse(503)
        return InvokeResponse(202)

    async def _apologise(self, said: Said, context: TurnContext) -> None:
        """Tell the person to send again, once per message, if that is possible.

        Teams does not promise to redeliver after a 503.
        """
        if said.delivery_id in self._apologised:
            return
        self._apologised[said.delivery_id] = None
        if len(self._apologised) > _APOLOGIES_REMEMBERED:
            self._apologised.popitem(last=False)
        try:
            async with asyncio.timeout(limits.APOLOGY_TIMEOUT):
                await context.send_activity(wording.NOT_STORED)
        except (PlatformError, TimeoutError) as error:
            _log.warning("teams.apology_failed", error=repr(error))


def _check_length(size: int) -> None:
    if size > limits.REQUEST_BYTES:
        raise web.HTTPRequestEntityTooLarge(
            max_size=limits.REQUEST_BYTES, actual_size=size
        )


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        _check_length(len(body))
    return bytes(body)


def _refused(status: int, why: str) -> web.Response:
    _log.warning("teams.refused", status=status, why=why)
    return web.json_response({"error": why}, status=status)
