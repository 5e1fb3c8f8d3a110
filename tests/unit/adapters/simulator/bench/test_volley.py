import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from typing_extensions import override

from adapters.simulator.bench.apart import ApartError
from adapters.simulator.bench.volley import (
    HEAD_START,
    Shot,
    fire,
    fire_apart,
)
from adapters.simulator.stage import free_port
from bot.clock import Clock, SystemClock

LATE = 0.25
EPOCH = datetime(2026, 11, 20, tzinfo=UTC)


class LateClock(Clock):
    """Wakes everybody too late, as a busy machine does."""

    def __init__(self) -> None:
        self.at = 100.0

    @override
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.at)

    @override
    def monotonic(self) -> float:
        return self.at

    @override
    async def sleep(self, seconds: float) -> None:
        self.at += seconds + LATE


@asynccontextmanager
async def served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncGenerator[str]:
    application = web.Application()
    application.router.add_post("/", handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


async def echo(request: web.Request) -> web.Response:
    return web.Response(status=int(await request.text()))


async def test_a_slow_answer_delays_no_later_request() -> None:
    arrived: list[str] = []
    third = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        arrived.append(await request.text())
        if len(arrived) == 3:
            third.set()
        await third.wait()  # the first is answered only after the third came
        return web.Response()

    async with served(hold) as url, asyncio.timeout(10):
        shots = [Shot(url=url, headers={}, body=str(n)) for n in range(3)]
        hits = await fire(shots, rate=100, clock=SystemClock())

    assert [hit.ok for hit in hits] == [True] * 3


async def test_latency_counts_from_when_a_request_was_due() -> None:
    clock = LateClock()
    async with served(echo) as url:
        [hit] = await fire(
            [Shot(url=url, headers={}, body="200")], rate=10, clock=clock
        )

    assert hit.seconds == pytest.approx(LATE)
    assert hit.due_at == pytest.approx(EPOCH.timestamp() + 100 + HEAD_START)


async def test_requests_are_due_at_the_rate() -> None:
    async with served(echo) as url:
        shots = [Shot(url=url, headers={}, body="200")] * 3
        hits = await fire(shots, rate=50, clock=SystemClock())

    first, second, third = (hit.due_at for hit in hits)
    assert second - first == pytest.approx(0.02, abs=1e-6)
    assert third - second == pytest.approx(0.02, abs=1e-6)


async def test_every_request_is_accounted_for_in_order() -> None:
    async with served(echo) as url:
        nowhere = f"http://127.0.0.1:{free_port()}/"
        shots = [
            Shot(url=url, headers={}, body="200"),
            Shot(url=nowhere, headers={}),
            Shot(url=url, headers={}, body="503"),
        ]
        hits = await fire(shots, rate=100, clock=SystemClock())

    assert [hit.status for hit in hits] == [200, 0, 503]
    assert [hit.ok for hit in hits] == [True, False, False]


async def test_a_process_of_its_own_sends_the_same() -> None:
    async with served(echo) as url:
        shots = [Shot(url=url, headers={"X-One": "1"}, body="201")] * 2
        hits = await fire_apart(shots, rate=100)

    assert [hit.status for hit in hits] == [201, 201]


async def test_a_process_that_fails_is_an_error() -> None:
    with pytest.raises(ApartError):
        await fire_apart([Shot(url="nowhere", headers={})], rate=0)
