"""The way between a process and what is not a process: databases, platforms, models.

What runs on the far side goes on whatever becomes of the caller, as it does in life: a
killed process's last request is still served.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.simulation.loop import SimLoop

_T = TypeVar("_T")


class Wire:
    """A connection with a delay each way.

    Args:
        loop: The simulation.
        low: Seconds that one way takes at least.
        high: Seconds that few take longer than.
    """

    def __init__(self, loop: SimLoop, low: float, high: float) -> None:
        self._loop = loop
        self._low = low
        self._high = high

    async def call(self, serve: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Run ``serve`` on the far side and return its answer, or raise its error.

        Cancelled, or killed, the caller misses the answer; it is served all the same.
        """
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._loop.world.spawn(self._far(serve, answer))
        return await answer

    async def _far(
        self,
        serve: Callable[[], Coroutine[Any, Any, _T]],
        answer: asyncio.Future[_T],
    ) -> None:
        loop = self._loop
        await loop.delay(self._low, self._high)
        try:
            result = await serve()
        except Exception as error:  # noqa: BLE001 - it is the caller's
            await loop.delay(self._low, self._high)
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # whoever has died does not retrieve it
        else:
            await loop.delay(self._low, self._high)
            if not answer.done():
                answer.set_result(result)
