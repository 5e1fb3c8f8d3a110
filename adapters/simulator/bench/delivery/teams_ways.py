"""How others show turns in Teams: botbuilder's connector client, as it comes.

Its only part of our own is where the token is from: MSAL insists on https.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportMissingParameterType=false
# botbuilder has no types.

import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from botbuilder.schema import Activity, Entity, ErrorResponseException
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import MicrosoftAppCredentials
from typing_extensions import override

from adapters.simulator.bench.delivery.client import Client, run_as_process
from adapters.simulator.bench.delivery.orders import Order, Place
from adapters.simulator.bench.delivery.ways import Message, Speech, by_edits

EDITS, STREAM = "update every 0.5 s", "1:1 stream, once a second"
EVERY = 0.5
"""Seconds between two edits."""
PACE = 1.05
"""Seconds between two requests of a stream: Teams takes one a second, by its clock."""
WAYS = (EDITS, STREAM)
_SCOPE = "https://api.botframework.com/.default"


class _Credentials(MicrosoftAppCredentials):
    def __init__(self, order: Order) -> None:
        super().__init__(order.account, order.token)
        self._form = {
            "grant_type": "client_credentials",
            "client_id": order.account,
            "client_secret": order.token,
            "scope": _SCOPE,
        }
        self._url = order.token_url
        self._granted = ""

    @override
    def get_access_token(self, force_refresh: bool = False) -> str:
        if force_refresh or not self._granted:
            with urlopen(self._url, urlencode(self._form).encode()) as answer:  # noqa: S310 - a stand-in's
                self._granted = str(json.load(answer)["access_token"])
        return self._granted


class _StreamInfo(Entity):
    _attribute_map = {  # noqa: RUF012 - theirs
        "type": {"key": "type", "type": "str"},
        "stream_type": {"key": "streamType", "type": "str"},
        "stream_id": {"key": "streamId", "type": "str"},
        "stream_sequence": {"key": "streamSequence", "type": "int"},
    }

    def __init__(self, kind: str, stream_id: str | None, number: int | None) -> None:
        super().__init__(type="streaminfo")
        self.stream_type = kind
        self.stream_id = stream_id
        self.stream_sequence = number


class _Edited(Message):
    def __init__(self, chats: Any, place: Place) -> None:  # noqa: ANN401 - untyped
        self._chats = chats
        self._chat = place.channel
        self._id = ""

    @override
    async def show(self, text: str) -> None:
        said = Activity(type="message", text=text)
        if self._id:
            await self._chats.update_activity(self._chat, self._id, said)
            return
        sent = await self._chats.send_to_conversation(self._chat, said)
        self._id = str(sent.id)


class _Streamed:
    """A message that grows once a second, each time with all of its text so far."""

    def __init__(self, chats: Any, place: Place) -> None:  # noqa: ANN401 - untyped
        self._chats = chats
        self._chat = place.channel
        self._id: str | None = None
        self._number = 0

    async def play(self, speech: Speech) -> None:
        """Show a turn."""
        await self._send("informative", "Thinking…")
        due, last = speech.clock.monotonic(), ""
        while speech.clock.monotonic() < speech.end:
            due = max(due + PACE, speech.clock.monotonic())
            await speech.until(min(due, speech.end))
            text = speech.so_far()
            if text.strip() and text != last and speech.clock.monotonic() < speech.end:
                last = text
                await self._send("streaming", text)
                due = speech.clock.monotonic()
        await speech.until(due + PACE)
        await self._send("final", speech.answer.text)

    async def _send(self, kind: str, text: str) -> None:
        final = kind == "final"
        self._number += 1
        info = _StreamInfo(kind, self._id, None if final else self._number)
        said = Activity(
            type="message" if final else "typing", text=text, entities=[info]
        )
        sent = await self._chats.send_to_conversation(self._chat, said)
        self._id = self._id or str(sent.id)


class _Teams(Client):
    errors = (ErrorResponseException,)

    def __init__(self, order: Order) -> None:
        self._way = order.way
        client = ConnectorClient(_Credentials(order), order.url)
        self._chats: Any = client.conversations

    @override
    async def play(self, speech: Speech, place: Place) -> None:
        if self._way == STREAM:
            await _Streamed(self._chats, place).play(speech)
        else:
            await by_edits(speech, _Edited(self._chats, place), EVERY)


if __name__ == "__main__":
    run_as_process(_Teams)
