"""Time and news in a house of `tests.support.engine`: tests wait, they do not sleep."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from typing_extensions import override

from bot.clock import Clock, SystemClock

NAP, REST = 0.05, 1.2
"""Seconds. Up to a nap is slept, up to a rest in a tenth of the time, more only when
the test lets time pass."""


class HouseClock(Clock):
    """The machine's clock, which a test can also move on."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._ahead = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    @override
    def now(self) -> datetime:
        return self._real.now() + timedelta(seconds=self._ahead)

    @override
    def monotonic(self) -> float:
        return self._real.monotonic() + self._ahead

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= REST:
            await asyncio.sleep(seconds if seconds <= NAP else seconds / 10)
            return
        woken = asyncio.Event()
        self._sleepers.append((self.monotonic() + seconds, woken))
        await woken.wait()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += seconds
        now = self.monotonic()
        for due, woken in self._sleepers:
            if due <= now:
                woken.set()


class Signal:
    """Something happened; whoever waits looks again."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tell(self) -> None:
        """Wake everybody who waits."""
        now, self._next = self._next, asyncio.Event()
        now.set()

    async def until(
        self, found: Callable[[], Awaitable[bool]], *, within: float = 40
    ) -> None:
        """Return once ``found`` is true; looked at after every signal."""
        async with asyncio.timeout(within):
            while True:
                coming = self._next
                if await found():
                    return
                await coming.wait()
