"""Messages in a `Hall` that grow by themselves, and what goes wrong with them.

As on a real platform, an append adds to what *is* there: who appends on a wrong belief
shows words twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from typing_extensions import override

from bot.errors import MessageGoneError, StreamOverError
from bot.pacing.lanes import Lane, Window
from bot.ports.streaming import StreamOperation, Streams
from bot.ports.surface import OpenStream, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.fake_platform import LAG, FakeMessage, FakePlatform, Hall

Ways: TypeAlias = tuple[Mapping[PlatformName, Platform], Mapping[PlatformName, Streams]]
"""How a process shows things, and lets them grow."""
LIFE = 300.0
"""Seconds after which the platform ends a stream, with an error for all to see."""
MARGIN = 60.0
"""Seconds before that at which it should have been closed."""


class FakeStreams(Streams):
    """One process's way to let messages grow."""

    def __init__(self, platform: FakePlatform, hall: Hall) -> None:
        self._platform = platform
        self._hall = hall

    @override
    def suits(self, to: Address, payload: Payload) -> bool:
        return _streamable(_view(payload))

    @override
    def lanes(self, operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
        key = f"{self._platform.name}/{to.workspace}/{operation}"
        # More than edits have, so that the pacer chooses them.
        return (Lane(key=key, windows=(Window(4000, 1.0),)),)

    @override
    def extends(self, shown: Payload, payload: Payload) -> bool:
        before, after = _view(shown), _view(payload)
        return (
            _streamable(before)
            and _streamable(after)
            and after.text.startswith(before.text)
        )

    @override
    async def open(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        now = self._hall.clock.now()
        receipt = Receipt(
            message_id=self._hall.number(),
            address=to,
            stream=OpenStream(until=now + timedelta(seconds=LIFE - MARGIN)),
        )

        def show() -> None:
            self._hall.messages[receipt.message_id] = FakeMessage(
                receipt=receipt,
                surface=surface,
                posted_at=now,
                payload=payload,
                history=[payload],
                ends_at=now + timedelta(seconds=LIFE),
            )
            self._platform.note("open", surface, payload)

        self._platform.look_through(to, payload)
        await self._platform.carry_out("open", show)
        return receipt

    @override
    async def append(
        self, receipt: Receipt, payload: Payload, *, shown: Payload
    ) -> Receipt:
        assert self.extends(shown, payload), "ask first"

        def show() -> None:
            self._grow(self._open(receipt), payload, shown)
            self._platform.note("append", self._open(receipt).surface, payload)

        self._platform.look_through(receipt.address, payload)
        await self._platform.carry_out("append", show)
        return receipt

    @override
    async def close(
        self, receipt: Receipt, payload: Payload | None, *, shown: Payload | None
    ) -> Receipt:
        fits = bool(payload and shown and self.extends(shown, payload))

        def show() -> None:
            message = self._open(receipt)
            message.ends_at = None
            message.receipt = message.receipt.model_copy(update={"stream": None})
            if payload and shown and fits:
                self._grow(message, payload, shown)
            self._platform.note("close", message.surface, message.payload)

        self._platform.look_through(
            receipt.address, payload or self._open(receipt).payload
        )
        await self._platform.carry_out("close", show)
        if payload and not fits:
            raise StreamOverError(self._platform.name, "closed_without")
        return receipt.model_copy(update={"stream": None})

    def _open(self, receipt: Receipt) -> FakeMessage:
        name = self._platform.name
        message = self._hall.messages.get(receipt.message_id)
        if message is None:
            raise MessageGoneError(name, "gone", receipt.message_id)
        if message.ends_at is None or message.ends_at <= self._hall.clock.now():
            raise StreamOverError(name, "over", receipt.message_id)
        return message

    def _grow(self, message: FakeMessage, payload: Payload, shown: Payload) -> None:
        more = _view(payload).text[len(_view(shown).text) :]
        grown = replace(_view(payload), text=message.view.text + more)
        message.payload = self._platform.render(grown)
        message.history.append(message.payload)


def ways_to(
    halls: Mapping[PlatformName, Hall],
    *,
    by: str,
    streams: Collection[PlatformName] = (),
) -> Ways:
    """Return a process's ways to what people see; only Slack can be looked through.

    Args:
        halls: Where people are.
        by: Which process it is.
        streams: Where messages may grow by themselves.
    """
    ways: dict[PlatformName, FakePlatform] = {
        name: FakePlatform(
            name, hall, by=by, history_lag=LAG if name == "slack" else None
        )
        for name, hall in halls.items()
    }
    growing: dict[PlatformName, FakeStreams] = {
        name: FakeStreams(way, halls[name])
        for name, way in ways.items()
        if name in streams
    }
    return ways, growing


def _view(payload: Payload) -> TurnView:
    return payload.body["view"]


def _streamable(view: TurnView) -> bool:
    return view.mood in {"running", "done"} and not (view.approvals or view.account)
