"""Many turns that stream: as fast as the log takes it, and at a model's pace."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from adapters.simulator.bench.alone.agents import Talking
from adapters.simulator.bench.alone.engine import Alone, cpu_now
from bot.clock import Clock
from bot.protocol.events import ItemAppended, Recorded
from bot.protocol.ids import TurnId

WORD = "printer "
_TICK = 1 / 250
"""Seconds between two looks at which turns are due to say their next word."""
_SETTLE = 2.0
_LOOK = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What some seconds of streaming showed."""

    turns: int
    seconds: float
    cpu: float
    events: int
    commits: float
    words: int
    waits: list[float]
    """Seconds from when a word came out of the model until it was committed."""


class _Ear:
    """Hears words go out and commits come in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._out: dict[TurnId, deque[float]] = {}
        self.events = 0
        self.waits: list[float] = []
        self.listening = False
        self.then: Callable[[TurnId], None] | None = None
        """Told of each turn that something of it was committed."""

    def said(self, turn_id: TurnId) -> None:
        self._out.setdefault(turn_id, deque()).append(self._clock.monotonic())

    def heard(self, batch: Sequence[Recorded]) -> None:
        if self.listening:
            self.events += len(batch)
        now = self._clock.monotonic()
        for recorded in batch:
            if isinstance(recorded.event, ItemAppended):
                out = self._out[recorded.turn_id]
                for _ in range(len(recorded.event.text) // len(WORD)):
                    waited = now - out.popleft()
                    if self.listening:
                        self.waits.append(waited)
        if self.then:
            self.then(batch[0].turn_id)


def talking(clock: Clock) -> tuple[Talking, _Ear]:
    """Return the agents of this workload, and what hears them."""
    ear = _Ear(clock)
    return Talking(WORD, ear.said), ear


async def run(
    alone: Alone,
    talk: tuple[Talking, _Ear],
    *,
    turns: int,
    seconds: float,
    words_per_second: float,
) -> dict[str, object]:
    """Return what ``turns`` that stream together look like for some seconds.

    Args:
        alone: The engine.
        talk: What `talking` returned; the engine's agents are among it.
        turns: How many.
        seconds: For how long it is watched.
        words_per_second: The pace of each; 0: a word as soon as the last is committed.
    """
    agents, ear = talk
    stop = alone.kit.writer.follow(ear.heard)
    try:
        async with alone.working(), asyncio.TaskGroup() as tasks:
            if words_per_second:
                pace = _paced(alone.clock, agents, words_per_second)
                driver = tasks.create_task(pace)
            else:
                driver, ear.then = None, agents.go_on
            ids = [await alone.say() for _ in range(turns)]
            while len(agents.talking) < turns:
                await alone.clock.sleep(_LOOK)
            await alone.clock.sleep(_SETTLE)
            window = await _watched(alone, ear, turns, seconds)
            agents.fall_silent()
            await alone.ended(ids)
            if driver:
                driver.cancel()
            await alone.at_rest()
    finally:
        stop()
    return asdict(window)


async def _watched(alone: Alone, ear: _Ear, turns: int, seconds: float) -> Window:
    before, cpu = alone.commits, cpu_now()
    started = alone.clock.monotonic()
    ear.listening = True
    await alone.clock.sleep(seconds)
    ear.listening = False
    return Window(
        turns=turns,
        seconds=alone.clock.monotonic() - started,
        cpu=cpu_now() - cpu,
        events=ear.events,
        commits=alone.commits - before,
        words=len(ear.waits),
        waits=ear.waits,
    )


async def _paced(clock: Clock, agents: Talking, words_per_second: float) -> None:
    """Let every turn go on at its pace, evenly spread over the time."""
    due, owed = 0, 0.0
    before = clock.monotonic()
    while True:
        await clock.sleep(_TICK)
        turns, now = agents.talking, clock.monotonic()
        owed += (now - before) * words_per_second * len(turns)
        before = now
        while owed >= 1 and turns:
            agents.go_on(turns[due % len(turns)])
            due, owed = due + 1, owed - 1
