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
        self._set: tuple[datetime, float] | None = None
        """What the time was, and the machine's monotonic seconds then. Its own time is
        of no use: an administrator, or NTP, may set it at any moment."""

    def follow(self, now: datetime, *, age: float = 0.0) -> float:
        """Take over the time; return by how many seconds this clock was moved.

        Args:
            now: What the other clock said.
            age: Seconds since it said so.
        """
        before = self.now()
        self._set = now + timedelta(seconds=age), self._machine.monotonic()
        return (self.now() - before).total_seconds()

    @override
    def now(self) -> datetime:
        if self._set is None:
            return self._machine.now()
        then, at = self._set
        return then + timedelta(seconds=self._machine.monotonic() - at)

    @override
    def monotonic(self) -> float:
        return self._machine.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)
