"""Send prepared requests at a fixed rate, whatever becomes of them.

Arrivals are open-loop: a slow answer delays no later request, and latency counts
from when a request was *due*, not from when it could at last be sent. Otherwise a
server that stalls is asked less, and looks better the worse it gets.

Run apart (``python -m adapters.simulator.bench.volley``), so that the stand-ins'
work in the calling process delays no request.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import aiohttp

from adapters.simulator.bench.apart import run_apart
from bot.clock import Clock, SystemClock

HEAD_START = 0.2
"""Seconds before the first request, for the session to be set up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A request, ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """How one request went."""

    due_at: float
    """Unix seconds when it should have been sent."""
    seconds: float
    """From then until the whole answer was there."""
    status: int
    """HTTP status; 0: no answer."""

    @property
    def ok(self) -> bool:
        """Whether it was answered 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - 2xx


async def fire(shots: Sequence[Shot], *, rate: float, clock: Clock) -> list[Hit]:
    """Send ``shots``, ``rate`` a second, and return how each went, in their order."""
    hits: dict[int, Hit] = {}
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=30),
        ) as http,
        asyncio.TaskGroup() as tasks,
    ):
        start = clock.monotonic() + HEAD_START
        offset = clock.now().timestamp() - clock.monotonic()

        async def send(number: int, shot: Shot, due: float) -> None:
            status = await _status(http, shot)
            hits[number] = Hit(
                due_at=due + offset, seconds=clock.monotonic() - due, status=status
            )

        for number, shot in enumerate(shots):
            due = start + number / rate
            await clock.sleep(max(0.0, due - clock.monotonic()))
            tasks.create_task(send(number, shot, due))
    return [hits[number] for number in range(len(shots))]


async def fire_apart(shots: Sequence[Shot], *, rate: float) -> list[Hit]:
    """As `fire`, in a process of its own.

    Raises:
        ApartError: The process failed.
    """
    order = {"rate": rate, "shots": [asdict(shot) for shot in shots]}
    return [Hit(**hit) for hit in await run_apart(__name__, order)]


async def _status(http: aiohttp.ClientSession, shot: Shot) -> int:
    try:
        async with http.request(
            shot.method, shot.url, data=shot.body.encode(), headers=shot.headers
        ) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


def _main() -> None:
    order = json.load(sys.stdin)
    shots = [Shot(**shot) for shot in order["shots"]]
    hits = asyncio.run(fire(shots, rate=order["rate"], clock=SystemClock()))
    json.dump([asdict(hit) for hit in hits], sys.stdout)


if __name__ == "__main__":
    _main()
