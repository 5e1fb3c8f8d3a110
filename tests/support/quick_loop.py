"""An event loop in which time passes faster, and its clock.

Sockets are real, so a real Postgres and real HTTP work in it; only timers are due
sooner, whoever set them. A test that would wait for a pause waits for a tenth of it.
Where a pause is long, the test lets the time pass (`QuickClock.advance`).
"""

import asyncio
from datetime import UTC, datetime, timedelta
from selectors import DefaultSelector, SelectorKey

from typing_extensions import override

from tests.support.house_time import HouseClock

SPEED = 10.0
"""Seconds of the loop in one of the machine's. Postgres' own clock is the machine's."""


class _QuickSelector(DefaultSelector):
    @override
    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        return super().select(timeout / SPEED if timeout else timeout)


class QuickLoop(asyncio.SelectorEventLoop):
    """A loop whose time runs `SPEED` times as fast, and can be moved on."""

    def __init__(self) -> None:
        self._ahead = 0.0
        super().__init__(_QuickSelector())

    @override
    def time(self) -> float:
        return super().time() * SPEED + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass at once; call it from within the loop."""
        self._ahead += seconds


class QuickClock(HouseClock):
    """The running loop's time. Make it inside the loop."""

    def __init__(self) -> None:
        super().__init__()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, QuickLoop), "see tests/integration/refusals/conftest.py"
        self._loop = loop
        self._began = loop.time()
        self._start = datetime.now(UTC)

    @override
    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic() - self._began)

    @override
    def monotonic(self) -> float:
        return self._loop.time()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @override
    def advance(self, seconds: float) -> None:
        self._loop.advance(seconds)
