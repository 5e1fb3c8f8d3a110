"""The only reader of the time.

Everything else takes ``now`` as an argument or holds a `Clock`, so that tests and
the simulation decide what time it is.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        ...


class SystemClock(Clock):
    """The machine's clock."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SyncedClock(Clock):
    """A clock that is set by another one: `bot.engine.timekeeper` sets it."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._ahead = timedelta(0)

    def follow(self, now: datetime, *, age: float = 0.0) -> float:
        """Take over the time; return by how many seconds this clock was moved.

        Args:
            now: What the other clock said.
            age: Seconds since it said so.
        """
        ahead = now + timedelta(seconds=age) - self._machine.now()
        moved, self._ahead = ahead - self._ahead, ahead
        return moved.total_seconds()

    @override
    def now(self) -> datetime:
        return self._machine.now() + self._ahead

    @override
    def monotonic(self) -> float:
        return self._machine.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)
