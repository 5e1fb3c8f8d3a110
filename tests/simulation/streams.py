"""Native streams of the simulated platforms: the real adapters' code on simulated wires.

What an adapter sends says nothing of turns; what it was told to show is kept beside,
for whoever compares what people see with what is committed.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from typing_extensions import override

from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation, Streams
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from tests.simulation.recipe import Recipe


@dataclass(slots=True, kw_only=True)
class Errand:
    """What the calls under way are for."""

    payload: Payload | None
    lanes: tuple[Lane, ...]
    """What they draw from."""
    surface: SurfaceId | None = None
    """Of a new message: by which it is to be found."""


_ERRAND: ContextVar[Errand] = ContextVar("errand")


def errand() -> Errand:
    """Return what the call that is just being made is for."""
    return _ERRAND.get()


class SimStreams(Streams):
    """One bot's streams on one platform.

    Args:
        real: The adapter's.
        recipe: What kind of world it is in.
        narrowed: Returns what that world allows of some budgets.
    """

    def __init__(
        self,
        real: Streams,
        recipe: Recipe,
        narrowed: Callable[[Recipe, tuple[Lane, ...]], tuple[Lane, ...]],
    ) -> None:
        self._real = real
        self._recipe = recipe
        self._narrowed = narrowed

    @override
    def suits(self, to: Address, payload: Payload) -> bool:
        return self._real.suits(to, payload)

    @override
    def lanes(self, operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
        return self._narrowed(self._recipe, self._real.lanes(operation, to))

    @override
    def extends(self, shown: Payload, payload: Payload) -> bool:
        return self._real.extends(shown, payload)

    @override
    def recall(self, receipt: Receipt, surface: SurfaceId) -> None:
        self._real.recall(receipt, surface)

    @override
    async def open(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        with self._going("open", to, payload, surface):
            return await self._real.open(to, payload, surface=surface)

    @override
    async def append(
        self, receipt: Receipt, payload: Payload, *, shown: Payload
    ) -> Receipt:
        with self._going("append", receipt.address, payload):
            return await self._real.append(receipt, payload, shown=shown)

    @override
    async def close(
        self, receipt: Receipt, payload: Payload | None, *, shown: Payload | None
    ) -> Receipt:
        with self._going("close", receipt.address, payload):
            return await self._real.close(receipt, payload, shown=shown)

    @contextmanager
    def _going(
        self,
        operation: StreamOperation,
        to: Address,
        payload: Payload | None,
        surface: SurfaceId | None = None,
    ) -> Generator[None]:
        lanes = self.lanes(operation, to)
        before = _ERRAND.set(Errand(payload=payload, lanes=lanes, surface=surface))
        try:
            yield
        finally:
            _ERRAND.reset(before)
