"""Whole turns: a message, a reply with a tool call, the tool, an answer, the end."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from adapters.simulator.bench.alone.engine import Alone, cpu_now
from adapters.simulator.bench.process import family_cpu_seconds

WARM_UP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Some turns, so many of them at once."""

    turns: int
    seconds: float
    """From the first message until nothing is left to do."""
    cpu: float
    """Seconds of this process."""
    postgres: float
    """Seconds of CPU that the server used meanwhile."""
    latencies: list[float]
    """Of each turn, from before its message is handed in until its end is committed."""


async def run(
    alone: Alone, *, lanes: int, turns: int, postgres: int
) -> dict[str, object]:
    """Return what ``turns`` cost when ``lanes`` are always under way.

    Args:
        alone: The engine.
        lanes: How many are under way.
        turns: How many in all.
        postgres: The server's process.
    """
    async with alone.working():
        for _ in range(WARM_UP):
            await _turn(alone)
        await alone.at_rest()
        return asdict(await _run(alone, lanes, turns, postgres))


async def _run(alone: Alone, lanes: int, turns: int, postgres: int) -> Run:
    latencies: list[float] = []
    waiting = iter(range(turns))

    async def lane(numbers: Iterator[int]) -> None:
        latencies.extend([await _turn(alone) for _ in numbers])

    server = family_cpu_seconds(postgres)
    started, cpu = alone.clock.monotonic(), cpu_now()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(lanes):
            tasks.create_task(lane(waiting))
    await alone.at_rest()
    return Run(
        turns=turns,
        seconds=alone.clock.monotonic() - started,
        cpu=cpu_now() - cpu,
        postgres=family_cpu_seconds(postgres) - server,
        latencies=latencies,
    )


async def _turn(alone: Alone) -> float:
    started = alone.clock.monotonic()
    await alone.ended([await alone.say()])
    return alone.clock.monotonic() - started
