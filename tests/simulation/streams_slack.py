"""Slack's streaming methods as the simulated platform carries them out.

What comes is added to what is there, as `adapters.simulator.slack.streams` adds it; so
what comes twice is there twice.
"""

from typing import Any

from adapters.simulator.slack.streams import Stream, grown
from adapters.slack.history import mark_of
from adapters.slack.stream_content import StreamContent, rested, streamed
from bot.errors import (
    ContentRefusedError,
    MessageGoneError,
    PlatformError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import Payload
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.simulation.calls import Calls, Request
from tests.simulation.halls import Growing, Hall, Message, surface_of
from tests.simulation.streams import Errand, errand

Json = dict[str, Any]
_NO_MARK = SurfaceId("")


class SlackWire:
    """What `adapters.slack.web.WebApi` is for streams and history."""

    def __init__(self, hall: Hall, calls: Calls) -> None:
        self._hall = hall
        self._calls = calls

    async def read(self, _method: str, **given: Any) -> Json:  # noqa: ANN401 - as Slack's
        """Return the messages of a thread."""
        to = Address(platform="slack", workspace="", channel=str(given["channel"]))
        oldest = float(given["oldest"])
        return {
            "messages": [
                _in_history(message)
                for message in self._hall.history(to)
                if float(message.receipt.message_id) >= oldest
                and message.receipt.address.thread == (given["ts"] or "")
            ]
        }

    async def write(self, method: str, **given: Any) -> Json:  # noqa: ANN401 - as Slack's
        """Begin a stream, let it grow, or end it."""
        now = errand()
        if method == "chat.startStream":
            return await self._start(now, given)
        message = self._hall.messages[str(given["ts"])]
        stop = method == "chat.stopStream"
        chunks: list[Json] = given.get("chunks") or []
        bare = stop and not chunks and not given.get("blocks")

        def carry_out() -> Json:
            stream = _growing(message, stop=stop)
            self._calls.arrive(request)
            if stop:
                _end(self._hall, message, given, request.payload)
            else:
                stream.shown = grown(stream.shown, "chunks", chunks)
                assert request.payload is not None, "appended"
                _as_sent(self._hall, stream.shown, streamed(request.payload), "append")
                message.payload = request.payload
                self._hall.loop.happened["stream grew"] += 1
            self._hall.seen(message)
            return {"ok": True}

        request = Request(
            operation="close" if stop else "append",
            surface=message.surface,
            payload=None if bare else now.payload,
            carry_out=carry_out,
            lanes=now.lanes,
            message=message,
            refusal=ContentRefusedError,
        )
        now.lanes = ()  # what the adapter tries once more is not counted again
        return await self._calls.send(request)

    async def _start(self, now: Errand, given: Json) -> Json:
        surface, payload = now.surface, now.payload
        assert surface is not None, "a stream is begun for something"
        assert payload is not None, "a stream is begun with something"
        to = Address(
            platform="slack",
            workspace=str(given["recipient_team_id"]),
            channel=str(given["channel"]),
            thread=str(given["thread_ts"]),
            user=str(given["recipient_user_id"]),
        )

        def carry_out() -> Json:
            self._calls.arrive(request)
            begun = self._hall.loop.time()
            shown = grown(Stream(started=begun), "chunks", given["chunks"])
            _as_sent(self._hall, shown, streamed(payload), "open")
            stream = Growing(begun=begun, shown=shown)
            receipt = self._hall.post(
                to, payload, request.surface, _NO_MARK, stream=stream
            )
            return {"ts": receipt.message_id, "channel": to.channel}

        request: Request[Json] = Request(
            operation="open",
            surface=surface_of(surface),
            payload=payload,
            carry_out=carry_out,
            lanes=now.lanes,
            refusal=_refusal(payload),
        )
        return await self._calls.send(request)


def _refusal(payload: Payload) -> type[PlatformError]:
    """Return what it means that a stream cannot begin with this: half of them each."""
    view: TurnView = payload.body["view"]
    return ContentRefusedError if len(view.headline) % 2 else StreamRefusedError


def _growing(message: Message, *, stop: bool) -> Growing:
    """Return a message's stream, if it is open."""
    stream = message.stream
    ts = message.receipt.message_id
    if message.deleted or stream is None:
        raise MessageGoneError("slack", "message_not_found", ts)
    if stream.life == "stopped" and not stop:
        raise StoppedByPersonError("slack", "stopped_by_user", ts)
    if stream.life != "open":
        raise StreamOverError("slack", "message_not_in_streaming_state", ts)
    return stream


def _end(hall: Hall, message: Message, given: Json, payload: Payload | None) -> None:
    """Stop a stream; it shows all of its payload, or what it has shown before."""
    stream = message.stream
    assert stream is not None, "looked at before"
    before, content = stream.shown, streamed(payload)
    after = grown(before, "chunks", given.get("chunks") or [])
    stream.shown, stream.life = after.ended("stopped"), "closed"
    if metadata := given.get("metadata"):
        message.mark = SurfaceId(metadata["event_payload"]["surface"])
    whole = content is not None and (given.get("blocks") or []) == content["below"]
    if content is None or not whole or not _is(after, rested(content)):
        hall.require(
            (after.text, after.title) == (before.text, before.title),
            "a stream shows what was sent",
            f"its end left {after.text!r} of {before.text!r}",
        )
        return
    assert payload is not None, "it has content"
    message.payload, message.partial = payload, False


def _as_sent(
    hall: Hall, shown: Stream, content: StreamContent | None, how: str
) -> None:
    hall.require(
        content is not None and _is(shown, content),
        "a stream shows what was sent",
        f"after {how} it shows {shown.text!r} and not "
        f"{content['text'] if content else None!r}",
    )


def _is(shown: Stream, content: StreamContent) -> bool:
    """Whether a stream shows a content, and nothing else."""
    tasks = [(t.id, t.title, t.status, t.details) for t in shown.tasks]
    wanted = [
        (t["id"], t["title"], t["status"], t["details"]) for t in content["tasks"]
    ]
    return (shown.title, shown.text, sorted(tasks)) == (
        content["title"],
        content["text"],
        sorted(wanted),
    )


def _in_history(message: Message) -> Json:
    told: dict[str, Any] = {"ts": message.receipt.message_id, "user": "UBOT"}
    return told | ({"metadata": mark_of(message.mark)} if message.mark else {})
