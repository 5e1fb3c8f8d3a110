"""Teams' streaming as the simulated platform carries it out, and the edit after it."""

from collections.abc import Mapping
from typing import Any

from adapters.simulator.slack.streams import Stream, Text
from adapters.teams.connector import Answer
from adapters.teams.draft import draft_in
from adapters.teams.failures import OUT_OF_ORDER
from bot.errors import ContentRefusedError
from bot.ports.surface import Payload
from bot.protocol.inbound import Address
from tests.simulation.calls import Calls, Request
from tests.simulation.company import workspace_of
from tests.simulation.halls import Growing, Hall, Message, surface_of
from tests.simulation.streams import Errand, errand

Json = Mapping[str, Any]


class TeamsWire:
    """What `adapters.teams.connector.Connector` is for streams."""

    def __init__(self, hall: Hall, calls: Calls) -> None:
        self._hall = hall
        self._calls = calls

    async def post_activity(
        self, _service_url: str, conversation: str, activity: Json
    ) -> Answer:
        """Begin a stream, let it grow, or end it."""
        now = errand()
        info: Json = activity["entities"][-1]
        if "streamId" not in info:
            return await self._begin(now, conversation, activity)
        message = self._hall.messages[info["streamId"]]
        final = info["streamType"] == "final"
        words = str(activity["text"])

        def carry_out() -> Answer:
            if refused := _refusal(message, info, words):
                return refused
            assert message.stream is not None, "looked at before"
            self._calls.arrive(request)
            if final:
                message.stream.life = "closed"
            else:
                message.stream.number = int(info["streamSequence"])
                assert now.payload is not None, "appended"
                _as_sent(self._hall, words, now.payload)
                message.payload = now.payload
                self._hall.loop.happened["stream grew"] += 1
            if info["streamType"] != "informative":
                message.stream.shown = _showing(words, message.stream.begun)
            self._hall.seen(message)
            return Answer(status=202, body={}, retry_after=None)

        request = Request(
            operation="close" if final else "append",
            surface=message.surface,
            payload=None if final else now.payload,
            carry_out=carry_out,
            lanes=now.lanes,
            message=message,
            refusal=ContentRefusedError,
        )
        return await self._calls.send(request)

    async def _begin(self, now: Errand, conversation: str, activity: Json) -> Answer:
        surface, payload = now.surface, now.payload
        assert surface is not None, "a stream is begun for something"
        assert payload is not None, "a stream is begun with something"
        words = str(activity["text"])
        to = Address(
            platform="teams",
            workspace=workspace_of("teams"),
            channel=conversation,
            user=conversation.removeprefix("D-"),
            personal=True,
        )

        def carry_out() -> Answer:
            if any(m.streams for m in self._hall.messages.values() if _in(m, to)):
                return _refused("Content stream is not allowed")
            self._calls.arrive(request)
            _as_sent(self._hall, words, payload)
            begun = self._hall.loop.time()
            answer = activity["entities"][-1]["streamType"] == "streaming"
            shown = _showing(words if answer else "", begun)
            stream = Growing(begun=begun, shown=shown)
            receipt = self._hall.post(
                to, payload, request.surface, surface, stream=stream
            )
            body = {"id": receipt.message_id}
            return Answer(status=201, body=body, retry_after=None)

        request: Request[Answer] = Request(
            operation="open",
            surface=surface_of(surface),
            payload=payload,
            carry_out=carry_out,
            lanes=now.lanes,
            refusal=ContentRefusedError,
        )
        return await self._calls.send(request)

    async def put_activity(
        self, _service_url: str, _conversation: str, activity_id: str, activity: Json
    ) -> Answer:
        """Replace the message that a stream has left."""
        del activity
        now = errand()
        message, payload = self._hall.messages[activity_id], now.payload
        assert payload is not None, "it is replaced by something"

        def carry_out() -> Answer:
            self._calls.arrive(request)
            if message.deleted:
                return _refused("gone", code="ActivityNotFoundInConversation")
            if message.streams:
                return _refused("Content stream is not allowed")
            self._hall.edit(message, payload)
            return Answer(status=200, body={}, retry_after=None)

        request = Request(
            operation="edit",
            surface=message.surface,
            payload=payload,
            carry_out=carry_out,
            lanes=(),  # the close drew from the same; there is a margin for this one
            message=message,
            refusal=ContentRefusedError,
        )
        return await self._calls.send(request)


def _in(message: Message, to: Address) -> bool:
    return message.receipt.address.channel == to.channel and not message.deleted


def _refusal(message: Message, info: Json, words: str) -> Answer | None:
    stream = message.stream
    if message.deleted or stream is None:
        return _refused("gone", code="ActivityNotFoundInConversation")
    match stream.life:
        case "closed":
            return _refused("not allowed on an already completed streamed message")
        case "stopped":
            return _refused("Content stream was canceled by user")
        case "dead":
            return _refused("Content stream finished due to exceeded streaming time.")
        case "open":
            pass
    if info.get("streamSequence", stream.number + 1) <= stream.number:
        return Answer(
            status=202, body={"error": {"code": OUT_OF_ORDER}}, retry_after=None
        )
    if info["streamType"] != "informative" and stream.shown.text not in words:
        return _refused("should contain the previously streamed content")
    return None


def _refused(message: str, *, code: str = "ContentStreamNotAllowed") -> Answer:
    body = {"error": {"code": code, "message": message}}
    return Answer(status=403, body=body, retry_after=None)


def _showing(words: str, begun: float) -> Stream:
    return Stream(started=begun, parts=(Text(text=words),) if words else ())


def _as_sent(hall: Hall, words: str, payload: Payload) -> None:
    draft = draft_in(payload)
    hall.require(
        draft is not None and words == draft.said,
        "a stream shows what was sent",
        f"it shows {words!r}",
    )
