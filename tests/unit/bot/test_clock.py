from datetime import UTC, datetime, timedelta

from typing_extensions import override

from bot.clock import Clock, SyncedClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Machine(Clock):
    """A machine whose wall clock can be set."""

    wall = NOON
    up = 100.0

    @override
    def now(self) -> datetime:
        return self.wall

    @override
    def monotonic(self) -> float:
        return self.up

    @override
    async def sleep(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.up += seconds


async def test_a_clock_that_nobody_set_is_the_machines() -> None:
    machine = Machine()
    clock = SyncedClock(machine)
    machine.wall += HOUR
    assert clock.now() == machine.wall


async def test_a_clock_that_was_set_passes_as_fast_as_the_machines() -> None:
    clock = SyncedClock(Machine())
    assert clock.follow(NOON + HOUR, age=2.0) == HOUR.total_seconds() + 2
    await clock.sleep(30)
    assert clock.now() == NOON + HOUR + timedelta(seconds=32)
    assert clock.follow(NOON + HOUR + timedelta(seconds=33)) == 1.0


async def test_setting_the_machines_clock_does_not_move_one_that_was_set() -> None:
    machine = Machine()
    clock = SyncedClock(machine)
    clock.follow(NOON)
    machine.wall += HOUR
    assert clock.now() == NOON, "every deadline would have passed at once"
