"""A process that shows turns the way others do, for `run_apart`."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.delivery.orders import Done, Order, Place, read
from adapters.simulator.bench.delivery.ways import Speech
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.process import cpu_seconds
from bot.clock import Clock, SystemClock

HEAD_START = 0.3
"""Seconds until the turns begin, so that none of them waits for another's start."""


class Client(Protocol):
    """One way to show turns on one platform."""

    errors: tuple[type[Exception], ...]
    """What the client's library raises."""

    async def play(self, speech: Speech, place: Place) -> None:
        """Show one turn.

        Raises:
            Exception: One of ``errors``: the platform refused too often.
        """
        ...


async def done(order: Order, client: Client, clock: Clock) -> Done:
    """Show all turns at once and return how it went."""
    begun = clock.monotonic() + HEAD_START
    cpu = cpu_seconds(os.getpid())
    failed: list[Exception] = []

    async def play(place: Place, trace: Trace) -> None:
        speech = Speech(trace=trace, answer=answer_of(trace), begun=begun, clock=clock)
        await speech.until(begun + trace.start)
        try:
            async with asyncio.timeout(order.within):
                await client.play(speech, place)
        except (*client.errors, TimeoutError) as error:
            failed.append(error)

    async with asyncio.TaskGroup() as tasks:
        for place, trace in zip(order.places, order.traces, strict=True):
            tasks.create_task(play(place, trace))
    kinds = sorted({f"{type(error).__name__}: {error}"[:200] for error in failed})
    for kind in kinds[:3]:
        sys.stderr.write(f"{order.way}: {kind}\n")
    return Done(begun=begun, cpu=cpu_seconds(os.getpid()) - cpu, given_up=len(failed))


def run_as_process(client: Callable[[Order], Client]) -> None:
    """Read an order from the standard input, and write what was done to the output."""
    order = read(json.load(sys.stdin))

    async def main() -> Done:
        return await done(order, client(order), SystemClock())

    json.dump(asdict(asyncio.run(main())), sys.stdout)
