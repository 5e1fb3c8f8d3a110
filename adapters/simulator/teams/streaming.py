"""Native streaming: messages that grow while the bot writes them.

A stream begins with a ``typing`` activity, grows with more of them, each with all of
the text so far, and ends with a ``message``: the same message from first to last.

What the documentation leaves open is decided strictly, so that no bot relies on it: a
second stream in a chat is refused, and so is an edit of a message that still streams.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
"""

from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from adapters.simulator.teams import answers
from adapters.simulator.teams.answers import Answer, bad_argument
from adapters.simulator.teams.contents import (
    ends_a_stream,
    refuse_content,
    warnings_of,
)
from adapters.simulator.teams.limits import (
    INFORMATIVE_BYTES,
    INFORMATIVE_CHARS,
    Limits,
)
from adapters.simulator.teams.tenant import Chat, Tenant
from adapters.simulator.teams.wire import (
    STREAM_ENTITY,
    Json,
    SentActivity,
    StreamInfo,
    measure_bytes,
)
from bot.clock import Clock

_End: TypeAlias = Literal["completed", "canceled", "off", "timed out"]


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One message's life as a stream."""

    id: str
    begun: float
    asked: float
    """When its last request was taken."""
    sequence: int = 1
    text: str = ""
    """What has been streamed."""
    end: _End | None = None


class ContentStreams:
    """The streams of every chat.

    Args:
        tenant: Where they are shown.
        limits: Their pace, age and size.
        clock: Tells how old they are.
        spawn: Runs what ends a stream in time.
    """

    def __init__(
        self,
        tenant: Tenant,
        limits: Limits,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._tenant = tenant
        self._limits = limits
        self._clock = clock
        self._of_chat: defaultdict[str, dict[str, _Stream]] = defaultdict(dict)
        self._allowed = True
        self._spawn = spawn

    def take(self, chat: Chat, body: Json, activity: SentActivity) -> Answer:
        """Begin, continue or end a stream."""
        if chat.kind != "personal":
            return answers.STREAM_ELSEWHERE
        try:
            [info] = map(StreamInfo.model_validate, activity.streams)
        except (ValidationError, ValueError):
            return bad_argument("Invalid streaminfo entity")
        if refused := self._refuse_form(body, activity, info):
            return refused
        if info.stream_id is None:
            return self._begin(chat, body, activity, info)
        stream = self._of_chat[chat.id].get(info.stream_id)
        message = chat.messages.get(info.stream_id)
        if stream is None or message is None or message.deleted:
            return answers.NO_ACTIVITY
        if over := self._over(stream):
            return over
        if refused := self._refuse_step(stream, activity, info):
            return refused
        return self._continue(chat, stream, body, activity, info)

    def is_open(self, chat: Chat, message_id: str) -> bool:
        """Return whether this message still streams."""
        stream = self._of_chat[chat.id].get(message_id)
        return stream is not None and self._over(stream) is None

    def stop(self, chat: Chat) -> str | None:
        """Let the person press Stop; return what was streaming, if anything was."""
        return self._end(chat, "canceled")

    def allow(self, *, on: bool) -> None:
        """Let streams begin, or none any more; those that are open end then."""
        self._allowed = on
        for chat in () if on else list(self._tenant.chats.values()):
            self._end(chat, "off")

    def _end(self, chat: Chat, how: _End) -> str | None:
        for stream in self._of_chat[chat.id].values():
            if self._over(stream) is None:
                self._leave(chat, stream, how)
                return stream.id
        return None

    async def _end_in_time(self, chat: Chat, stream: _Stream) -> None:
        await self._clock.sleep(self._limits.stream_seconds)
        if stream.end is None:
            self._leave(chat, stream, "timed out")

    def _leave(self, chat: Chat, stream: _Stream, how: _End) -> None:
        stream.end = how
        message = chat.messages[stream.id]
        if not message.deleted:
            content = {**message.content, "streaming": False}
            self._tenant.grow(chat, message, content)

    def _over(self, stream: _Stream) -> Answer | None:
        match stream.end:
            case "completed":
                return answers.STREAM_COMPLETED
            case "canceled":
                return answers.STREAM_CANCELED
            case "off":
                return answers.STREAM_OFF
            case "timed out":
                return answers.STREAM_TIMED_OUT
            case None:
                age = self._clock.monotonic() - stream.begun
                timed_out = age >= self._limits.stream_seconds
                return answers.STREAM_TIMED_OUT if timed_out else None

    def _refuse_form(
        self, body: Json, activity: SentActivity, info: StreamInfo
    ) -> Answer | None:
        final = info.stream_type == "final"
        if activity.type != ("message" if final else "typing"):
            return bad_argument("The type of the activity does not fit its streamType")
        if not (activity.text or "").strip():
            return bad_argument("Start streaming activities should include text")
        if final and info.stream_id is None:
            return bad_argument("A final streaming activity needs a streamId")
        if final != (info.stream_sequence is None):
            return bad_argument("streamSequence is for all but the final activity")
        if not final and ends_a_stream(activity):
            return bad_argument("Cards and labels are for the final activity only")
        if info.stream_type == "informative" and _is_long(activity.text or ""):
            return answers.STREAM_TOO_BIG
        if measure_bytes(body) > self._limits.message_bytes:
            return answers.STREAM_TOO_BIG
        return refuse_content(activity)

    def _refuse_step(
        self, stream: _Stream, activity: SentActivity, info: StreamInfo
    ) -> Answer | None:
        if self._clock.monotonic() - stream.asked < self._limits.stream_pace:
            return answers.STREAM_TOO_FAST
        if info.stream_sequence is not None:
            if info.stream_sequence <= stream.sequence:
                return answers.STREAM_DROPPED
            if info.stream_type == "informative":
                return None
        if stream.text not in (activity.text or ""):
            return answers.STREAM_CHANGED
        return None

    def _begin(
        self, chat: Chat, body: Json, activity: SentActivity, info: StreamInfo
    ) -> Answer:
        if info.stream_sequence != 1:
            return bad_argument("streamSequence starts with 1")
        streams = self._of_chat[chat.id]
        if not self._allowed or any(
            self._over(stream) is None for stream in streams.values()
        ):
            return answers.STREAM_OFF
        now = self._clock.monotonic()
        content = _growing(body, activity, info)
        message = self._tenant.post(chat, self._tenant.bot, content)
        stream = _Stream(id=message.id, begun=now, asked=now)
        if info.stream_type == "streaming":
            stream.text = activity.text or ""
        streams[message.id] = stream
        self._spawn(self._end_in_time(chat, stream))
        return Answer(201, {"id": message.id})

    def _continue(
        self,
        chat: Chat,
        stream: _Stream,
        body: Json,
        activity: SentActivity,
        info: StreamInfo,
    ) -> Answer:
        stream.asked = self._clock.monotonic()
        stream.sequence = info.stream_sequence or stream.sequence
        message = chat.messages[stream.id]
        if info.stream_type == "final":
            stream.end = "completed"
            content = {**body, "entities": _lasting(activity)}
            self._tenant.grow(chat, message, content, warnings=warnings_of(activity))
            return Answer(202, {})
        if info.stream_type == "streaming":
            stream.text = activity.text or ""
        elif stream.text:
            return Answer(202, {})  # taken, and seen by nobody
        self._tenant.grow(chat, message, _growing(body, activity, info))
        return Answer(202, {})


def _growing(body: Json, activity: SentActivity, info: StreamInfo) -> Json:
    """Return how a message stands while it streams."""
    content = {**body, "entities": _lasting(activity), "streaming": True}
    if info.stream_type == "informative":
        return content | {"text": "", "informative": activity.text}
    return content


def _is_long(informative: str) -> bool:
    size = len(informative.encode(errors="surrogatepass"))
    return len(informative) > INFORMATIVE_CHARS or size > INFORMATIVE_BYTES


def _lasting(activity: SentActivity) -> list[Json]:
    return [e for e in activity.entities if e.get("type") != STREAM_ENTITY]
