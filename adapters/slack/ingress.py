"""``POST /slack/events``: events, interactivity and commands, through bolt.

**Ack after commit.** Bolt answers 200 before an event's listener runs, so an event
would be lost with the process. With ``process_before_response=True`` it awaits the
listener first: the 200 leaves only after `Inbox.accept` has returned, that is after
the delivery is committed. No lazy listener is used, so no work outlives a request. An
exception of a listener reaches `_on_error`, which chooses the status:

* store away, or the sender could not be looked up: 503, Slack redelivers
* a signed payload that cannot be understood: 400, and no redelivery of it
* a payload that no listener takes: 200, where bolt would answer 404 and be retried

In front of bolt: size (413), signature (401) and JSON (400), on the raw bytes. Off in
bolt: its signature check (see `signature`), its check for own events (it runs after
authorize; `_Concern` runs before) and what only assistants and workflow steps need.
Authorize makes no call: `SlackPlatform.start` asked once who the bot is.

Nothing is deduplicated here: the inbox does, by the names that `parse` gives.
"""

# Bolt's own types have bare dicts and patterns in them.
# pyright: reportUnknownMemberType=false

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import structlog
from aiohttp import web
from pydantic import ValidationError
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.slack import escape, limits, modal, parse, render, signature, wording
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.quiet import sdk_logger
from adapters.slack.stream_stop import parse_session_stopped
from bot.errors import (
    MalformedError,
    PlatformError,
    StoreUnavailableError,
    UnverifiedError,
)
from bot.ports.inbox import Acceptance, Inbox

PATH = "/slack/events"

_ANY_COMMAND = re.compile(".*")

_Listener: TypeAlias = Callable[..., Awaitable[None]]
_Register: TypeAlias = Callable[[Any], Callable[..., Any]]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FINAL = {"X-Slack-No-Retry": "1"}
"""Asks Slack not to send the same thing again."""
_TAKEN = frozenset({"accepted", "decided", "duplicate"})


def slack_routes(
    config: SlackConfig, inbox: Inbox, platform: SlackPlatform
) -> list[web.RouteDef]:
    """Return the routes to add to an application with ``app.add_routes``.

    ``platform`` must be started; until then every request gets a 503.
    """
    bolt = bolt_app(inbox, platform)

    async def receive(request: web.Request) -> web.Response:
        try:
            body = await _read(request)
            _verify(request, body, config, platform)
            asked = _bolt_request(request, body)
        except web.HTTPRequestEntityTooLarge:
            return _refusal(413, "the body is too large")
        except UnverifiedError as error:
            return _refusal(401, str(error))
        except MalformedError as error:
            return _refusal(400, str(error))
        if platform.identity is None:
            return _refusal(503, "not started", final=False)
        return await to_aiohttp_response(await bolt.async_dispatch(asked))

    return [web.post(PATH, receive)]


def _refusal(status: int, reason: str, *, final: bool = True) -> web.Response:
    _log.warning("slack.refused", status=status, reason=reason)
    return web.json_response(
        {"error": reason}, status=status, headers=_FINAL if final else None
    )


async def _read(request: web.Request) -> bytes:
    """Return the body, reading no more than `limits.BODY` of it."""
    _weigh(request.content_length or 0)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        _weigh(len(body))
    return bytes(body)


def _weigh(size: int) -> None:
    if size > limits.BODY:
        raise web.HTTPRequestEntityTooLarge(max_size=limits.BODY, actual_size=size)


def _verify(
    request: web.Request, body: bytes, config: SlackConfig, platform: SlackPlatform
) -> None:
    signature.verify(
        body,
        timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
        signature=request.headers.get("X-Slack-Signature", ""),
        secret=config.signing_secret,
        now=platform.clock.now().timestamp(),
    )


def _bolt_request(request: web.Request, body: bytes) -> AsyncBoltRequest:
    headers: dict[str, str | Sequence[str]] = dict(request.headers)
    try:
        return AsyncBoltRequest(
            body=body.decode(), query=request.query_string, headers=headers
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # Bolt reads ids out of the payload and expects objects where Slack has them.
        raise MalformedError(
            f"the body is not Slack's: {type(error).__name__}"
        ) from None


# --------------------------------------------------------------------------------- bolt


def bolt_app(inbox: Inbox, platform: SlackPlatform) -> AsyncApp:
    """Return the bolt application: who is concerned, and what is said or pressed."""

    async def authorize() -> AuthorizeResult:
        me = _identity(platform)
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team_id,
            bot_user_id=me.user_id,
            bot_id=me.bot_id or None,
        )

    app = AsyncApp(
        name="deskhand",
        logger=sdk_logger(),
        # Bolt wants a client; ours makes all calls, so this one has no token.
        client=AsyncWebClient(retry_handlers=[], logger=sdk_logger()),
        signing_secret="",
        authorize=authorize,
        before_authorize=_Concern(platform),
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.error(_on_error)
    heard = _Listeners(inbox, platform)
    routes: list[tuple[_Register, str | re.Pattern[str], _Listener]] = [
        (app.event, "message", heard.message),
        (app.event, "app_mention", heard.message),
        (app.event, "app_home_opened", heard.home_opened),
        (app.event, "agent_session_stopped", heard.session_stopped),
        (app.action, render.APPROVE, heard.approve),
        (app.action, render.REJECT, heard.reject),
        (app.action, render.STOP, heard.turn_button),
        (app.action, render.CONTINUE, heard.turn_button),
        (app.view, modal.CALLBACK, heard.reason),
        (app.command, _ANY_COMMAND, heard.command),
    ]
    for register, constraint, listener in routes:
        register(constraint)(listener)
    return app


def _identity(platform: SlackPlatform) -> parse.Identity:
    me = platform.identity
    assert me, "requests are refused until the platform is started"
    return me


class _Concern(AsyncMiddleware):
    """Drops what is none of the bot's business, before any work is done for it."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform

    @override
    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse | None:
        reason = parse.why_ignored(req.body, _identity(self._platform))
        if not reason:
            return await next()
        note = _log.warning if "team" in reason else _log.debug
        note("slack.ignored", reason=reason, team=req.context.team_id)
        return BoltResponse(status=200)


async def _on_error(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """Return the answer for what a listener raised, or that there was no listener."""
    match error:
        case BoltUnhandledRequestError():
            _log.debug("slack.unhandled", type=body.get("type"))
            return BoltResponse(status=200)
        case StoreUnavailableError():
            _log.error("slack.not_stored", error=str(error), hint=error.hint)
            return BoltResponse(status=503)
        case PlatformError(retryable=True):
            # Who spoke could not be looked up, so nothing was stored.
            _log.warning("slack.not_known", error=str(error), hint=error.hint)
            return BoltResponse(status=503)
        case ValidationError():
            # An id that no platform gives: with a NUL, or half a character.
            _log.error("slack.malformed", problems=error.error_count())
            return BoltResponse(status=400, headers={**_FINAL})
        case MalformedError():
            _log.error("slack.malformed", error=str(error), hint=error.hint)
            return BoltResponse(status=400, headers={**_FINAL})
        case _:
            _log.error("slack.listener_failed", exc_info=error)
            return BoltResponse(status=500)


class _Listeners:
    """What is done with each kind of payload, before it is acknowledged."""

    def __init__(self, inbox: Inbox, platform: SlackPlatform) -> None:
        self._inbox = inbox
        self._platform = platform

    async def message(self, body: dict[str, Any]) -> None:
        said = parse.parse_message(
            body, _identity(self._platform), now=self._platform.clock.now()
        )
        if not isinstance(said, parse.Ignored):
            await self._inbox.accept(said)

    async def home_opened(self, body: dict[str, Any]) -> None:
        met = parse.parse_home_opened(
            body, _identity(self._platform), now=self._platform.clock.now()
        )
        await self._inbox.accept(met)

    async def session_stopped(self, body: dict[str, Any]) -> None:
        """Stop what Slack's own Stop button means, if that can be told."""
        now = self._platform.clock.now()
        pressed = parse_session_stopped(body, now=now)
        me = _identity(self._platform)
        turn = self._platform.turn_streamed(pressed)
        if turn is None and pressed.streaming:  # by another replica, perhaps
            place = pressed.place(me)
            turn = await self._inbox.turn_shown(place, pressed.streaming)
        turn = turn or await self._platform.turn_offered(pressed)
        if turn is None:
            # Who streams there hears of it with the next call.
            _log.info("slack.nothing_to_stop", channel=pressed.channel)
            return
        acceptance = await self._inbox.accept(pressed.of(turn, me))
        if acceptance.outcome not in _TAKEN:
            clicked = parse.Clicked(
                channel=pressed.channel,
                thread=pressed.thread,
                user_id=pressed.user_id,
                trigger_id="",
            )
            await self._tell(clicked, acceptance.sentence or wording.NOT_TAKEN)

    async def approve(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        decided = parse.parse_approved(
            body, _identity(self._platform), now=self._platform.clock.now()
        )
        await self._explain(await self._inbox.accept(decided), body)
        await ack()

    async def turn_button(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        pressed = parse.parse_turn_button(
            body, _identity(self._platform), now=self._platform.clock.now()
        )
        await self._explain(await self._inbox.accept(pressed), body)
        await ack()

    async def reject(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ask for the reason. The trigger lives for 3 s, so nothing comes before."""
        asked = parse.parse_rejecting(body)
        clicked = parse.parse_clicked(body)
        form = modal.reason_form(asked.approval_id, asked.args_hash)
        try:
            async with asyncio.timeout(limits.CLICK_TIMEOUT):
                await self._platform.open_form(clicked.trigger_id, form)
        except (PlatformError, TimeoutError):
            await self._tell(clicked, wording.CLICK_AGAIN)
        await ack()

    async def reason(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        decided = parse.parse_reason(
            body, _identity(self._platform), now=self._platform.clock.now()
        )
        if isinstance(decided, parse.Ignored):
            await _complain(ack, wording.REASON_MISSING)
            return
        acceptance = await self._inbox.accept(decided)
        if acceptance.outcome in _TAKEN:
            await ack()
        else:
            await _complain(ack, acceptance.sentence or wording.NOT_TAKEN)

    async def command(self, ack: AsyncAck) -> None:
        await ack(wording.NOT_A_COMMAND, response_type="ephemeral")

    async def _explain(self, acceptance: Acceptance, body: dict[str, Any]) -> None:
        """Tell the one who clicked why it did not count."""
        if acceptance.outcome not in _TAKEN:
            sentence = acceptance.sentence or wording.NOT_TAKEN
            await self._tell(parse.parse_clicked(body), sentence)

    async def _tell(self, clicked: parse.Clicked, sentence: str) -> None:
        """Show a sentence to one person; its loss is logged, for the click is done."""
        if not clicked.channel:
            return
        text = escape.fit(sentence, limits.SECTION, escape=escape.mrkdwn)
        try:
            async with asyncio.timeout(limits.CLICK_TIMEOUT / 2):
                await self._platform.tell(
                    clicked.user_id,
                    text,
                    channel=clicked.channel,
                    thread=clicked.thread,
                )
        except (PlatformError, TimeoutError) as error:
            _log.warning("slack.not_told", user=clicked.user_id, error=str(error))


async def _complain(ack: AsyncAck, sentence: str) -> None:
    """Keep the form open, with ``sentence`` under the reason."""
    await ack(
        response_action="errors",
        errors={modal.BLOCK: escape.one_line(sentence)[: limits.FIELD]},
    )
