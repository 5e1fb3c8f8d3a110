"""The way between a process and what is not a process: databases, platforms, models.

What runs on the far side goes on whatever becomes of the caller, as it does in life: a
killed process's last request is still served.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tests.simulation.loop import SimLoop

_T = TypeVar("_T")


class Wire:
    """A connection with a delay each way; see `SimLoop.latency`.

    Args:
        loop: The simulation.
        low: Seconds that one way takes at least.
        high: Seconds that few take longer than.
    """

    def __init__(self, loop: SimLoop, low: float, high: float) -> None:
        self._loop = loop
        self._low = low
        self._high = high
        self._world = loop.world.context()

    async def call(self, serve: Callable[[], Awaitable[_T]]) -> _T:
        """Run ``serve`` on the far side and return its answer, or raise its error.

        Cancelled, or killed, the caller misses the answer; it is served all the same.
        """
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._later(self._arrive, serve, answer)
        return await answer

    def _later(self, function: Callable[..., None], *args: object) -> None:
        late = self._loop.latency(self._low, self._high)
        self._loop.call_later(late, function, *args, context=self._world)

    def _arrive(
        self, serve: Callable[[], Awaitable[Any]], answer: asyncio.Future[Any]
    ) -> None:
        self._loop.create_task(self._serve(serve, answer))

    async def _serve(
        self, serve: Callable[[], Awaitable[Any]], answer: asyncio.Future[Any]
    ) -> None:
        try:
            result = await serve()
        except Exception as error:  # noqa: BLE001 - it is the caller's
            self._later(_refuse, answer, error)
        else:
            self._later(_answer, answer, result)


def _answer(answer: asyncio.Future[Any], result: object) -> None:
    if not answer.done():
        answer.set_result(result)


def _refuse(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # whoever has died does not retrieve it
