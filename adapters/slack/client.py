"""Slack behind `bot.ports.surface.Platform`: show, change, find, look up.

A post is marked with its surface's id as metadata, so that it can be found again
after a crash or an answer that never came (`adapters.slack.history`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeAlias

import structlog
from typing_extensions import override

from adapters.slack import history, limits
from adapters.slack.escape import stable_prefix
from adapters.slack.failures import UNMARKABLE, UNRENDERABLE
from adapters.slack.history import mark_of
from adapters.slack.lanes import lanes_for
from adapters.slack.objects import as_object
from adapters.slack.parse import Identity
from adapters.slack.render import asks, plain_message, render
from adapters.slack.sessions import Sessions
from adapters.slack.stream import SlackStreams
from adapters.slack.stream_content import message_of, with_stream
from adapters.slack.stream_stop import SessionStopped, offered_turn
from adapters.slack.web import WebApi
from bot.clock import Clock
from bot.errors import (
    AmbiguousSendError,
    ConfigError,
    ContentRefusedError,
    PlatformError,
    StillStreamingError,
)
from bot.pacing.lanes import Lane
from bot.ports.surface import Operation, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId, TurnId
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView

_Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """One workspace over HTTP.

    Raises:
        ConfigError: Something is empty; an empty secret would accept forgeries.
    """

    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    api_url: str = "https://slack.com/api/"

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        given = {
            "signing_secret": self.signing_secret,
            "bot_token": self.bot_token,
            "api_url": self.api_url,
        }
        empty = [
            f"{name} is empty" for name, value in given.items() if not value.strip()
        ]
        if empty:
            raise ConfigError("Slack's settings", empty)


class SlackPlatform(Platform):
    """One Slack workspace. `start` before use, `close` after; or ``async with``."""

    name: PlatformName = "slack"
    history_lag: float | None = limits.HISTORY_LAG

    def __init__(
        self,
        config: SlackConfig,
        *,
        clock: Clock,
        timeout: float = limits.CALL_TIMEOUT,
    ) -> None:
        self.clock = clock
        """The clock that signatures are checked by."""
        self._config = config
        self._timeout = timeout
        self._api: WebApi | None = None
        self._identity: Identity | None = None
        self._users: dict[str, tuple[float, UserRef]] = {}
        self._directs: dict[str, str] = {}
        self.sessions = Sessions(lambda: self._web, clock)
        """What Slack says the bot is doing."""
        self.streams = SlackStreams(lambda: self._web, clock, self.sessions)
        """Messages that grow by themselves."""

    # ------------------------------------------------------------------ lifetime

    async def start(self) -> None:
        """Open the session and ask Slack who the bot is. Twice is once.

        Raises:
            PlatformError: Slack did not accept the token or did not answer.
        """
        if self._identity:
            return
        await self.close()
        self._api = WebApi(
            token=self._config.bot_token,
            base_url=self._config.api_url,
            timeout=self._timeout,
        )
        try:
            told = await self._api.write("auth.test")
        except BaseException:
            await self.close()
            raise
        self._identity = Identity(
            team_id=str(told["team_id"]),
            user_id=str(told["user_id"]),
            bot_id=str(told.get("bot_id") or ""),
        )
        _log.info("slack.started", team=told["team_id"], bot_user=told["user_id"])

    async def close(self) -> None:
        """Close the session. Twice is once."""
        api, self._api, self._identity = self._api, None, None
        if api:
            await api.close()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    @property
    @override
    def workspace(self) -> str:
        return self._identity.team_id if self._identity else ""

    @property
    def identity(self) -> Identity | None:
        """Who the bot is; ``None`` while not started."""
        return self._identity

    @property
    def _web(self) -> WebApi:
        assert self._api, "SlackPlatform.start was not awaited"
        return self._api

    # ---------------------------------------------------------------------- show

    @override
    def render(self, view: TurnView) -> Payload:
        return with_stream(render(view), view, stable_prefix)

    @override
    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        return lanes_for(operation, address)

    @override
    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        async def send(body: Mapping[str, Any]) -> Mapping[str, Any]:
            return await self._web.write(
                "chat.postMessage",
                channel=to.channel,
                thread_ts=to.thread or None,
                **body,
                unfurl_links=False,
                unfurl_media=False,
                metadata=mark,
            )

        mark: Mapping[str, Any] | None = mark_of(surface)
        try:
            told = await self._send(send, payload)
        except ContentRefusedError as error:
            if error.code not in UNMARKABLE:
                raise
            # It cannot be found again, should its answer be lost.
            _log.exception("slack.posted_unmarked", surface=surface)
            mark = None
            told = await self._send(send, payload)
        if not told.get("ts"):
            raise AmbiguousSendError("slack", "no_ts", "chat.postMessage")
        channel = str(told.get("channel") or to.channel)
        return Receipt(
            message_id=str(told["ts"]),
            address=to.model_copy(update={"channel": channel}),
        )

    @override
    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        async def send(body: Mapping[str, Any]) -> Mapping[str, Any]:
            # Metadata that is not sent stays as it is: the mark survives.
            mark = self.streams.mark_due(receipt)
            return await self._web.write(
                "chat.update",
                channel=receipt.address.channel,
                ts=receipt.message_id,
                **body,
                metadata=mark_of(mark) if mark else None,
            )

        try:
            await self._send(send, payload)
        except StillStreamingError:
            # Nobody remembered that it streams, or its stop was lost.
            await self._stop_stream(receipt)
            await self._send(send, payload)
        except ContentRefusedError as error:
            if error.code not in UNMARKABLE:
                raise
            self.streams.marked(receipt)
            await self._send(send, payload)
        self.streams.marked(receipt)
        return receipt.model_copy(update={"stream": None})

    async def _stop_stream(self, receipt: Receipt) -> None:
        try:
            await self.streams.close(receipt, None, shown=None)
        except AmbiguousSendError as error:
            _log.warning("slack.stop_unknown", error=str(error))

    async def _send(self, send: _Send, payload: Payload) -> Mapping[str, Any]:
        """Send ``payload``; when Slack refuses its blocks, send its words alone.

        Not those of a request for a decision: without its buttons nobody could answer.
        """
        try:
            return await send(message_of(payload))
        except PlatformError as error:
            if error.code not in UNRENDERABLE or asks(payload):
                raise
            refused = str(error)
        _log.error("slack.blocks_refused", digest=payload.digest, error=refused)
        return await send(plain_message(payload).body)

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        """Return the message that shows ``surface``, a stream left open too.

        Such a stream carries no mark yet: see `adapters.slack.history`.
        """
        return await history.find(
            self._web,
            self._identity,
            to,
            surface=surface,
            since=since,
            whose=self.streams.whose,
        )

    def turn_streamed(self, pressed: SessionStopped) -> TurnId | None:
        """Return which turn this process has streamed in what somebody stopped."""
        for ts in pressed.streaming:
            if turn := self.streams.turn_of(pressed.channel, ts):
                return turn
        return None

    async def turn_offered(self, pressed: SessionStopped) -> TurnId | None:
        """Return which turn the first Stop button of ours there is about.

        Raises:
            PlatformError: Slack was asked, and did not answer.
        """
        return await offered_turn(self._web, pressed.channel, pressed.thread)

    # --------------------------------------------------------------------- people

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        channel = self._directs.get(user.user_id, "")
        if known and known.personal and known.user in {"", user.user_id}:
            # The channel only: a thread there is about something else.
            channel = channel or known.channel
        if not channel:
            told = await self._web.write("conversations.open", users=user.user_id)
            channel = str(as_object(told.get("channel")).get("id") or "")
            if not channel:
                raise PlatformError("slack", "no_channel", "conversations.open")
        self._directs[user.user_id] = channel
        return Address(
            platform="slack",
            workspace=user.workspace,
            channel=channel,
            user=user.user_id,
            personal=True,
        )

    @override
    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        """Return ``user`` with name and e-mail, as Slack's directory has them.

        Raises:
            RateLimitedError: And nothing is known from before.
            AmbiguousSendError: And nothing is known from before.
        """
        now = self.clock.monotonic()
        until, cached = self._users.get(user.user_id, (0.0, None))
        if cached and now < until:
            return cached
        try:
            told = await self._web.read("users.info", user=user.user_id)
        except PlatformError as error:
            if cached:
                return cached
            if error.retryable:
                raise
            return user
        found = _person(user, as_object(told.get("user")))
        self._users[user.user_id] = (now + limits.USER_CACHE, found)
        return found

    @override
    async def find_by_email(self, email: str) -> UserRef | None:
        try:
            told = await self._web.read("users.lookupByEmail", email=email)
        except PlatformError as error:
            if error.retryable:
                raise
            return None
        found = as_object(told.get("user"))
        nobody = UserRef(
            platform="slack",
            workspace=self.workspace,
            user_id=str(found.get("id") or ""),
        )
        person = _person(nobody, found)
        return person if person.email.lower() == email.lower() else None

    # --------------------------------------------------------------------- clicks

    async def open_form(self, trigger_id: str, form: Mapping[str, Any]) -> None:
        """Open a modal for the one who clicked.

        Raises:
            PlatformError: The click is too old, or was used already.
        """
        await self._web.write("views.open", trigger_id=trigger_id, view=form)

    async def tell(self, user_id: str, text: str, *, channel: str, thread: str) -> None:
        """Show one person a sentence in a channel, once. ``text`` is escaped mrkdwn.

        Raises:
            PlatformError: It was not shown, or nobody knows.
        """
        await self._web.write(
            "chat.postEphemeral",
            channel=channel,
            user=user_id,
            text=text,
            thread_ts=thread or None,
        )


def _person(user: UserRef, told: Mapping[str, Any]) -> UserRef:
    """Return ``user`` as Slack describes them.

    An e-mail address decides who somebody is in the company's directory: it counts
    only for members of this workspace, and only once confirmed.
    """
    profile = as_object(told.get("profile"))
    name = profile.get("real_name") or told.get("real_name") or told.get("name") or ""
    ours = told.get("team_id") in {None, user.workspace}
    trusted = ours and told.get("is_email_confirmed") is not False
    email = profile.get("email") or ""
    return user.model_copy(
        update={
            "name": str(name) or user.name,
            "email": str(email) if trusted else "",
        }
    )
