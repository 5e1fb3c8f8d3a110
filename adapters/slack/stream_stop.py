"""Slack's own Stop button: somebody wants an agent's work in a thread to end.

Slack has stopped the thread's streams by then, and says which; it knows nothing of
turns. So the turn is the one that a stream was opened for: this process knows it, or the
store does; else the one that the first of our messages there with a Stop button of our
own offers to stop: later ones wait in line. Whether the person may stop it is not decided here.

Source: https://docs.slack.dev/ai/agent-sessions
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.slack import limits
from adapters.slack.objects import as_object
from adapters.slack.parse import Identity
from adapters.slack.render import STOP
from adapters.slack.web import WebApi
from bot.errors import MalformedError
from bot.protocol.ids import TurnId
from bot.protocol.inbound import Address, Stopped, UserRef


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)

    channel: str
    thread_ts: str = ""
    user: str
    event_ts: str
    streaming_message_ts: tuple[str, ...] = ()


class _Callback(BaseModel):
    model_config = ConfigDict(frozen=True)

    event_id: str
    event: _Event


class _Value(BaseModel):
    t: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopped:
    """What an ``agent_session_stopped`` event says."""

    channel: str
    thread: str
    user_id: str
    event_id: str
    at: datetime
    streaming: tuple[str, ...]
    """Timestamps of the messages whose streams Slack has stopped."""

    def of(self, turn: TurnId, me: Identity) -> Stopped:
        """Return the delivery that says that somebody wants ``turn`` to stop."""
        return Stopped(
            delivery_id=f"slack:event:{self.event_id}",
            said_key=f"slack:stopped:{self.channel}:{self.thread}:{self.event_id}",
            user=UserRef(platform="slack", workspace=me.team_id, user_id=self.user_id),
            at=self.at,
            turn_id=turn,
        )

    def place(self, me: Identity) -> Address:
        """Return the conversation in which it was pressed."""
        return Address(
            platform="slack",
            workspace=me.team_id,
            channel=self.channel,
            thread=self.thread,
        )


def parse_session_stopped(body: Mapping[str, Any], *, now: datetime) -> SessionStopped:
    """Return what the event says.

    Raises:
        MalformedError: It is no such event.
    """
    try:
        callback = _Callback.model_validate(body)
    except ValidationError as error:
        raise MalformedError(f"agent_session_stopped: {error.error_count()}") from None
    event = callback.event
    try:
        at = datetime.fromtimestamp(float(event.event_ts), UTC)
    except (ValueError, OverflowError, OSError):
        at = now
    return SessionStopped(
        channel=event.channel,
        thread=event.thread_ts,
        user_id=event.user,
        event_id=callback.event_id,
        at=at,
        streaming=event.streaming_message_ts,
    )


async def offered_turn(web: WebApi, channel: str, thread: str) -> TurnId | None:
    """Return the turn that the first Stop button in a thread is about, if any.

    Raises:
        PlatformError: History was not answered.
    """
    told = await web.read(
        "conversations.replies", channel=channel, ts=thread, limit=limits.HISTORY_PAGE
    )
    for message in told.get("messages") or ():
        for turn in _stops_in(as_object(message).get("blocks")):
            return turn
    return None


def _stops_in(blocks: object) -> Iterator[TurnId]:
    for block in cast("list[Any]", blocks) if isinstance(blocks, list) else []:
        for element in as_object(block).get("elements") or ():
            button = as_object(element)
            if button.get("action_id") == STOP:
                try:
                    value = _Value.model_validate_json(str(button.get("value")))
                except ValidationError:
                    continue
                yield TurnId(value.t)
