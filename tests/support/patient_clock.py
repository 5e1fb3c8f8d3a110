"""A clock that sleeps in no time and remembers for how long."""

from datetime import UTC, datetime

from typing_extensions import override

from bot.clock import Clock


class PatientClock(Clock):
    """Sleeps in no time and remembers for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @override
    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)

    @override
    def monotonic(self) -> float:
        return sum(self.slept)

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
