"""Slack's native streams behind `bot.ports.streaming.Streams`.

Chunks only: a stream begun with text takes no tasks. One plan at the top, the text
below it, blocks and the mark at the end only, because Slack takes them at no other
time. What a stream was begun for is kept here as long as it is open.

Source: https://docs.slack.dev/reference/methods/chat.startStream and its siblings
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from typing_extensions import override

from adapters.slack import limits
from adapters.slack.history import mark_of
from adapters.slack.lanes import lanes_for
from adapters.slack.sessions import Sessions, Status
from adapters.slack.stream_content import (
    StreamContent,
    follows,
    growth,
    rested,
    streamed,
)
from adapters.slack.web import WebApi
from bot.clock import Clock
from bot.errors import (
    AmbiguousSendError,
    ContentRefusedError,
    StreamOverError,
    StreamRefusedError,
)
from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation, Streams
from bot.ports.surface import OpenStream, Payload, Receipt
from bot.protocol.ids import SurfaceId, TurnId
from bot.protocol.inbound import Address

T = TypeVar("T")

_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
"""Slack streams to nobody else, bots among them.

Source: https://github.com/paradigmxyz/centaur/issues/1601
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SlackStreams(Streams):
    """The streams of one workspace.

    Args:
        web: Returns the started Web API.
        clock: Says until when a stream may stay open.
        sessions: Hears what the calls say of a session beside.
    """

    def __init__(
        self, web: Callable[[], WebApi], clock: Clock, sessions: Sessions
    ) -> None:
        self._web = web
        self._clock = clock
        self._sessions = sessions
        self._refused: set[str] = set()
        """Channels where a stream was refused for what they are."""
        self._whose: dict[tuple[str, str], SurfaceId] = {}
        self._unmarked: dict[tuple[str, str], SurfaceId] = {}
        """Of them, those that carry no mark yet."""
        self._turns: dict[tuple[str, str], TurnId] = {}

    @override
    def suits(self, to: Address, payload: Payload) -> bool:
        """Whether a message for ``payload`` can be streamed there.

        Not in a channel that refused a stream before: it would do so again. Nor where
        Slack has no Stop: a message of ours has no button while it streams.
        """
        return (
            bool(to.thread)
            and _PERSON.fullmatch(to.user) is not None
            and to.channel not in self._refused
            and self._sessions.offers_stop(to.channel)
            and streamed(payload) is not None
        )

    @override
    def lanes(self, operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
        return lanes_for(operation, to)

    @override
    def extends(self, shown: Payload, payload: Payload) -> bool:
        before, after = streamed(shown), streamed(payload)
        return before is not None and after is not None and follows(before, after)

    def whose(self, channel: str, ts: str) -> SurfaceId | None:
        """Return which surface a message shows that was begun as a stream, if known."""
        return self._whose.get((channel, ts))

    def mark_due(self, receipt: Receipt) -> SurfaceId | None:
        """Return what the message is to be marked with, if it is not."""
        return self._unmarked.get(_place(receipt))

    def marked(self, receipt: Receipt) -> None:
        """Take note that the message is marked."""
        self._unmarked.pop(_place(receipt), None)

    @override
    def recall(self, receipt: Receipt, surface: SurfaceId) -> None:
        _keep(self._whose, _place(receipt), surface)
        if receipt.stream is not None:
            _keep(self._unmarked, _place(receipt), surface)

    def turn_of(self, channel: str, ts: str) -> TurnId | None:
        """Return which turn a message shows that this process streamed lately."""
        return self._turns.get((channel, ts))

    @override
    async def open(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        content = streamed(payload)
        if content is None:
            raise StreamRefusedError("slack", "no_content", "chat.startStream")
        begun = self._clock.now()
        try:
            told = await self._web().write(
                "chat.startStream",
                channel=to.channel,
                thread_ts=to.thread,
                recipient_user_id=to.user,
                recipient_team_id=to.workspace,
                task_display_mode="plan",
                chunks=growth(None, content),
            )
        except StreamRefusedError:
            self._refused.add(to.channel)
            raise
        if not told.get("ts"):
            raise AmbiguousSendError("slack", "no_ts", "chat.startStream")
        channel = str(told.get("channel") or to.channel)
        receipt = Receipt(
            message_id=str(told["ts"]),
            address=to.model_copy(update={"channel": channel}),
            stream=OpenStream(until=begun + timedelta(seconds=limits.STREAM_LIFE)),
        )
        self.recall(receipt, surface)
        if content["turn"]:
            _keep(self._turns, _place(receipt), TurnId(content["turn"]))
        self._sessions.heard(to, "processing")
        return receipt

    @override
    async def append(
        self, receipt: Receipt, payload: Payload, *, shown: Payload
    ) -> Receipt:
        chunks = _between(streamed(shown), streamed(payload))
        if not chunks:
            return receipt
        await self._web().write(
            "chat.appendStream",
            channel=receipt.address.channel,
            ts=receipt.message_id,
            chunks=chunks,
        )
        return receipt

    @override
    async def close(
        self,
        receipt: Receipt,
        payload: Payload | None,
        *,
        shown: Payload | None,
        surface: SurfaceId | None = None,
    ) -> Receipt:
        """End the stream; see `Streams.close`.

        Args:
            receipt: Of the message.
            payload: What it is to show in the end, if that extends ``shown``.
            shown: What it shows; ``None`` when nobody knows.
            surface: What it was begun for, if another process began it.
        """
        known = self._whose.get(_place(receipt), surface)
        before, content = streamed(shown), streamed(payload)
        if before is None or content is None or not follows(before, content):
            content = None
        try:
            await self._stop(receipt, before, content, known)
        except StreamOverError:
            if payload is not None:
                raise
        else:
            if payload is not None and content is None:
                raise StreamOverError("slack", "closed_without", "chat.stopStream")
        return receipt.model_copy(update={"stream": None})

    async def _stop(
        self,
        receipt: Receipt,
        before: StreamContent | None,
        content: StreamContent | None,
        surface: SurfaceId | None,
    ) -> None:
        """Stop with ``content``, or without if Slack does not take it."""
        chunks = _last(before, content)
        blocks = content["below"] if content else []
        final = content is not None and content["final"]
        try:
            await self._send_stop(receipt, surface, chunks, blocks, final=final)
        except ContentRefusedError as error:
            if not (chunks or blocks or surface):
                raise
            _log.exception("slack.stream_refused", code=error.code)
            await self._send_stop(receipt, None, [], [], final=final)
            raise StreamOverError("slack", error.code, "stopped without") from error

    async def _send_stop(
        self,
        receipt: Receipt,
        surface: SurfaceId | None,
        chunks: list[dict[str, object]],
        blocks: list[dict[str, object]],
        *,
        final: bool,
    ) -> None:
        # A turn that goes on is not done with the message.
        status: Status = "active" if final else "processing"
        await self._web().write(
            "chat.stopStream",
            channel=receipt.address.channel,
            ts=receipt.message_id,
            chunks=chunks or None,
            blocks=blocks or None,
            metadata=mark_of(surface) if surface else None,
            session_status=status,
        )
        if surface:
            self.marked(receipt)
        self._sessions.heard(receipt.address, status)


def _keep(known: dict[tuple[str, str], T], place: tuple[str, str], what: T) -> None:
    """Remember ``what``; what is oldest is forgotten, and long dead."""
    known[place] = what
    while len(known) > limits.STREAMS_REMEMBERED:
        known.pop(next(iter(known)))


def _place(receipt: Receipt) -> tuple[str, str]:
    return receipt.address.channel, receipt.message_id


def _between(
    before: StreamContent | None, content: StreamContent | None
) -> list[dict[str, object]]:
    """Return what leads from one to the other.

    Raises:
        ContentRefusedError: Nothing does; the stream is to be closed.
    """
    if before is None or content is None or not follows(before, content):
        raise ContentRefusedError("slack", "does_not_extend", "chat.appendStream")
    return growth(before, content)


def _last(
    before: StreamContent | None, content: StreamContent | None
) -> list[dict[str, object]]:
    """Return the last chunks: what is new, and no task left in progress."""
    if content is not None:
        return _between(before, rested(content))
    return growth(before, rested(before)) if before else []
