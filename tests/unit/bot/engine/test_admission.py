"""Conversations are let in while the loop comes around quickly, and never kept out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from bot.clock import Clock
from bot.engine.admission import MOST, PAUSE, RESPONSIVE, ROUNDS, Admission

BUSY, QUICK = RESPONSIVE * 3, RESPONSIVE / 3


class BusyClock(Clock):
    """A clock in a loop whose rounds take as long as told; the last time for ever."""

    def __init__(self, rounds: Sequence[float]) -> None:
        self.at = 100.0
        self.rounds = list(rounds)
        self.asked = 0

    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self.at)

    @override
    def monotonic(self) -> float:
        return self.at

    @override
    async def sleep(self, seconds: float) -> None:
        if not seconds:
            self.asked += 1
        self.at += seconds or (
            self.rounds.pop(0) if self.rounds[1:] else self.rounds[0]
        )


async def waited(rounds: Sequence[float]) -> tuple[float, int]:
    clock = BusyClock(rounds)
    await Admission(clock).wait()
    return clock.at - 100.0, clock.asked


async def test_while_the_loop_is_quick_nobody_waits() -> None:
    seconds, asked = await waited([QUICK])
    assert seconds < PAUSE
    assert asked == ROUNDS


async def test_one_slow_round_is_enough_to_wait() -> None:
    seconds, asked = await waited([QUICK, BUSY, QUICK])
    assert PAUSE < seconds < MOST
    assert asked == 2 * ROUNDS


async def test_a_loop_that_stays_busy_still_lets_somebody_in() -> None:
    seconds, _ = await waited([BUSY])
    assert MOST <= seconds < MOST + PAUSE + BUSY * ROUNDS
