"""A clock whose time passes when a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from bot.clock import Clock

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class ManualClock(Clock):
    """Stands still until it is told to go on; then who sleeps long enough wakes."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @override
    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    @override
    def monotonic(self) -> float:
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds
        waiting, self._sleepers = self._sleepers, []
        for due, woken in waiting:
            if due > self._elapsed:
                self._sleepers.append((due, woken))
            elif not woken.done():
                woken.set_result(None)
