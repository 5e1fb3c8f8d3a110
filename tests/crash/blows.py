"""What befalls a worker at a place: it dies there, or stands still while others strike.

A worker that stands still (SIGSTOP) has all its connections, and the transaction that
it is in; nobody can tell it from a dead one but by waiting. It goes on when its lease
is somebody else's, its connections are cut, Postgres has been restarted, or there is no
room left for the log.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from tests.crash.full_disk import Disk
from tests.crash.fuse import Charge, Moment
from tests.crash.nursery import Worker
from tests.crash.site import Site
from tests.crash.yard import Yard

How: TypeAlias = Literal[
    "before", "after", "unanswered", "zombie", "cut", "restart", "disk"
]
"""Killed before it, killed after it, or its answer is lost; and what a worker that
stands still before it wakes up to."""
HOWS: tuple[How, ...] = get_args(How)

GATHER_SECONDS = 15.0
"""How long the first one to stand still waits for others, before Postgres restarts."""
FULL_SECONDS = 3.0
"""How long there is no room for the log."""
_HELD = "SELECT count(*) FROM conversation WHERE worker_id = $1"


def moment_of(how: How) -> Moment:
    """Return what the worker's fuse does."""
    match how:
        case "before" | "after" | "unanswered":
            return how
        case "zombie" | "cut" | "restart" | "disk":
            return "paused"


@dataclass(slots=True)
class Restarts:
    """Restarts of Postgres, each for all who stand still by then."""

    yard: Yard
    together: int
    """So many at most stand still at once."""
    _waiting: int = 0
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def hit(self) -> None:
        """Return when Postgres has been restarted."""
        self._waiting += 1
        self._news.set()
        await self._over.wait()

    async def run(self) -> None:
        """Restart Postgres whenever somebody has waited for it, until cancelled."""
        while True:
            await self._gathered(1, None)
            with suppress(TimeoutError):  # who comes later has a restart of their own
                await self._gathered(self.together, GATHER_SECONDS)
            over, self._over, self._waiting = self._over, asyncio.Event(), 0
            await self.yard.restart()
            over.set()

    async def _gathered(self, many: int, within: float | None) -> None:
        async with asyncio.timeout(within):
            while self._waiting < many:
                self._news.clear()
                await self._news.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """Strikes whoever stands still at a place."""

    yard: Yard
    how: How
    charge: Charge
    restarts: Restarts
    disk: Disk | None

    async def strike(self, site: Site) -> None:
        """Wait until a worker stands still, let it have happened, and let it go on."""
        worker = await site.paused(self.charge)
        match self.how:
            case "zombie":
                await _taken_over(site, worker)
            case "cut":
                await self.yard.cut(worker.role, site.play.database_url)
            case "restart":
                await self.restarts.hit()
            case "disk":
                assert self.disk, "a disk was made for this"
                await self.disk.fill()
            case "before" | "after" | "unanswered":
                raise AssertionError("nobody stands still for that")
        worker.go_on()
        if self.disk:
            await site.clock.sleep(FULL_SECONDS)
            await self.disk.free()


async def _taken_over(site: Site, worker: Worker) -> None:
    """Return when a worker that stands still owns nothing any more."""
    await site.clock.sleep(1.0)  # for what it does not own yet

    async def nothing() -> bool:
        return await site.count(_HELD, worker.worker_id) == 0

    await site.until(nothing, "others take over")
