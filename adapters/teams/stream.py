"""Teams' native streaming behind the core's port.

Only in chats of two, once a second, for two minutes at most, each request with the
whole text so far, one request after the other. The stream shows text (`draft`); once
it is closed the same message is edited into the card, because text and a card in one
activity become two messages.

A request's number must follow the one before, so only the process that opened a stream
appends to it. Whoever else finds it open closes it, which takes no number.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from typing_extensions import override

from adapters.teams import limits, wording
from adapters.teams.connector import Answer, Connector
from adapters.teams.draft import Draft, draft_in
from adapters.teams.failures import OUT_OF_ORDER, stream_refusal
from adapters.teams.lanes import stream_lanes_of
from adapters.teams.replacing import replace_message
from bot.clock import Clock
from bot.errors import (
    AmbiguousSendError,
    RateLimitedError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation, Streams
from bot.ports.surface import OpenStream, Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address

_log = structlog.stdlib.get_logger()
_AFTER = timedelta(seconds=limits.STREAM_GONE - limits.STREAM_OPEN)
"""From when we close a stream to when Teams certainly has."""


class TeamsStreams(Streams):
    """The streams of one bot registration.

    Args:
        connector: The REST calls.
        clock: Says how old a stream is.
    """

    def __init__(self, connector: Connector, clock: Clock) -> None:
        self._connector = connector
        self._clock = clock
        self._numbers: OrderedDict[tuple[str, str], int] = OrderedDict()

    @override
    def suits(self, to: Address, payload: Payload) -> bool:
        draft = draft_in(payload)
        return to.personal and draft is not None and draft.growing

    @override
    def lanes(self, operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
        return stream_lanes_of(to)

    @override
    def extends(self, shown: Payload, payload: Payload) -> bool:
        before, draft = draft_in(shown), draft_in(payload)
        return before is not None and draft is not None and draft.extends(before)

    @override
    async def open(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        draft = draft_in(payload)
        if draft is None or not self.suits(to, payload):
            raise StreamRefusedError("teams", "NotStreamable", to.channel)
        # Teams counts from when it hears of it, which is later.
        until = self._clock.now() + timedelta(seconds=limits.STREAM_OPEN)
        answer = await self._send(to, _part(draft, number=1))
        if not answer.ok or answer.code == OUT_OF_ORDER:
            raise stream_refusal(answer)
        if not answer.id:
            raise AmbiguousSendError("teams", "NoActivityId", str(answer.status))
        self._remember((to.channel, answer.id), 1)
        return Receipt(message_id=answer.id, address=to, stream=OpenStream(until=until))

    @override
    async def append(
        self, receipt: Receipt, payload: Payload, *, shown: Payload
    ) -> Receipt:
        draft, before = draft_in(payload), draft_in(shown)
        assert draft is not None, "not a message of ours"
        assert before is not None, "not a message of ours"
        assert draft.extends(before), "it does not extend what is shown"
        if draft.ended:
            return await self.close(receipt, payload, shown=shown)
        if draft.said == before.said:
            return receipt
        if receipt.stream is None or self._is_past(receipt.stream):
            raise StreamOverError("teams", "TooOld", receipt.message_id)
        key = (receipt.address.channel, receipt.message_id)
        # Gone until there is an answer: a request without one may have been counted.
        number = self._numbers.pop(key, None)
        if number is None:
            raise AmbiguousSendError("teams", "NumberUnknown", receipt.message_id)
        try:
            part = _part(draft, number=number + 1, stream=receipt.message_id)
            answer = await self._send(receipt.address, part)
            if not answer.ok or answer.code == OUT_OF_ORDER:
                raise stream_refusal(answer)
        except RateLimitedError:
            self._remember(key, number)
            raise
        except StreamRefusedError as error:
            raise StreamOverError("teams", error.code, receipt.message_id) from error
        self._remember(key, number + 1)
        return receipt

    @override
    async def close(
        self, receipt: Receipt, payload: Payload | None, *, shown: Payload | None
    ) -> Receipt:
        """End the stream and let the message show all of ``payload``. See the port.

        That is two requests: a stream shows text and never the card, so the message
        is edited at once. Closing again after the second one failed is harmless.

        If nobody knows what is shown, pass the newest payload: Teams refuses an end
        that does not contain what was streamed.

        Raises:
            StreamOverError: It is closed, but that took so long that somebody else may
                own the conversation by now: look, and edit.
            StoppedByPersonError: As for `append`. It is closed, and nothing changed.
            StillStreamingError: Nobody knows what it shows; Teams ends it in time.
        """
        if receipt.stream is None:
            return receipt
        draft, begun = draft_in(payload), self._clock.monotonic()
        try:
            await self._end(receipt, receipt.stream, payload, shown)
        except (StreamOverError, StreamRefusedError) as error:
            _log.info("teams.stream_was_over", code=error.code)
        except StoppedByPersonError:
            if draft is None or not draft.ended:
                raise  # there is a turn to be stopped
        self._numbers.pop((receipt.address.channel, receipt.message_id), None)
        closed = receipt.model_copy(update={"stream": None})
        if payload is not None:
            if self._clock.monotonic() - begun > limits.STREAM_THEN_EDIT:
                raise StreamOverError("teams", "Slow", receipt.message_id)
            await replace_message(self._connector, closed, payload)
        return closed

    async def _end(
        self,
        receipt: Receipt,
        stream: OpenStream,
        payload: Payload | None,
        shown: Payload | None,
    ) -> None:
        if self._is_past(stream):
            raise StreamOverError("teams", "TooOld", receipt.message_id)
        last = {
            "type": "message",
            "text": _last_words(draft_in(payload), draft_in(shown)),
            "textFormat": "markdown",
            "entities": [
                *((payload or shown or _NOTHING).body.get("entities") or ()),
                _info("final", stream=receipt.message_id),
            ],
        }
        answer = await self._send(receipt.address, last)
        if not answer.ok:
            raise stream_refusal(answer)

    async def _send(self, to: Address, activity: Mapping[str, Any]) -> Answer:
        return await self._connector.post_activity(to.service_url, to.channel, activity)

    def _is_past(self, stream: OpenStream) -> bool:
        return self._clock.now() >= stream.until + _AFTER

    def _remember(self, key: tuple[str, str], number: int) -> None:
        self._numbers[key] = number
        while len(self._numbers) > limits.CONVERSATIONS_REMEMBERED:
            self._numbers.popitem(last=False)


_NOTHING = Payload({}, "")


def _part(draft: Draft, *, number: int, stream: str = "") -> dict[str, Any]:
    kind = "streaming" if draft.text else "informative"
    return {
        "type": "typing",
        "text": draft.said,
        "textFormat": "markdown",
        "entities": [_info(kind, number=number, stream=stream)],
    }


def _info(kind: str, *, number: int | None = None, stream: str = "") -> dict[str, Any]:
    info: dict[str, Any] = {"type": "streaminfo", "streamType": kind}
    if stream:
        info["streamId"] = stream
    if number is not None:
        info["streamSequence"] = number
    return info


def _last_words(draft: Draft | None, before: Draft | None) -> str:
    """Return the text that a stream ends with: it contains all that was shown."""
    if draft and draft.text and (not before or draft.text.startswith(before.text)):
        return draft.text
    if before and before.text:
        return before.text
    return next((d.said for d in (draft, before) if d), "") or wording.EMPTY
