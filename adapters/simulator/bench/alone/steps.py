"""Whole turns: a message, a reply with a tool call, the tool, an answer, the end."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from adapters.simulator.bench.alone.engine import Alone, cpu_now

WARM_UP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Some turns, so many of them at once."""

    turns: int
    seconds: float
    """From the first message until nothing is left to do."""
    cpu: float
    """Seconds of this process."""
    latencies: list[float]
    """Of each turn, from before its message is handed in until its end is committed."""


async def run(alone: Alone, *, lanes: int, turns: int) -> dict[str, object]:
    """Return what ``turns`` cost when ``lanes`` are always under way."""
    async with alone.working():
        for _ in range(WARM_UP):
            await _turn(alone)
        await alone.at_rest()
        return asdict(await _run(alone, lanes, turns))


async def _run(alone: Alone, lanes: int, turns: int) -> Run:
    latencies: list[float] = []
    waiting = iter(range(turns))

    async def lane(numbers: Iterator[int]) -> None:
        latencies.extend([await _turn(alone) for _ in numbers])

    started, cpu = alone.clock.monotonic(), cpu_now()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(lanes):
            tasks.create_task(lane(waiting))
    await alone.at_rest()
    return Run(
        turns=turns,
        seconds=alone.clock.monotonic() - started,
        cpu=cpu_now() - cpu,
        latencies=latencies,
    )


async def _turn(alone: Alone) -> float:
    started = alone.clock.monotonic()
    await alone.ended([await alone.say()])
    return alone.clock.monotonic() - started
