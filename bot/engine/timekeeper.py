"""Keep this process's clock with the store's: machines' clocks may differ by minutes.

Deadlines, approvals' ends and the times in the log are compared across replicas, so
all of them go by one clock. Only how fast time passes is taken from the machine.
"""

import structlog

from bot.clock import SyncedClock
from bot.errors import DeskhandError
from bot.ports.store import Store

log = structlog.get_logger()

LOOK = 30.0
"""Seconds between two looks at the store's clock: machines drift by milliseconds."""
SUSPICIOUS = 1.0
"""Seconds of difference that are worth a line in the log."""


class Timekeeper:
    """Follows the store's clock."""

    def __init__(self, store: Store, clock: SyncedClock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK)

    async def look(self) -> None:
        """Set the clock; while the store is away it goes on as it did."""
        try:
            async with self._store.begin("clock.follow") as tx:
                before = self._clock.monotonic()  # not the wait for a connection
                now = await tx.now()
                age = (self._clock.monotonic() - before) / 2
        except DeskhandError as error:
            log.warning("clock.not_followed", error=str(error), hint=error.hint)
            return
        # The answer is as old as half its way.
        moved = self._clock.follow(now, age=age)
        if abs(moved) > SUSPICIOUS:
            log.warning(
                "clock.off",
                seconds=round(moved, 3),
                hint="This machine's clock differs from Postgres'; set up NTP.",
            )
