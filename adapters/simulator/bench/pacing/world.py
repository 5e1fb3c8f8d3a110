"""Virtual time: a heap of what will happen, and processes that wait for it."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random

from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.pacing.workspace import Method, Workspace

LATENCY = (0.05, 0.11)
"""Seconds from a call to its answer; the platform acts after half of them."""


@dataclass(slots=True)
class Screen:
    """What a reader has seen of one turn."""

    trace: Trace
    shown: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """When, and up to which character of the answer; 0: only that there is a turn."""
    calls: int = 0
    calm_at: float = inf
    """When no message said any more that the turn is worked on."""
    tidy_at: float = inf
    """When every message was as it stays."""


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the platform to show the answer up to a character."""

    method: Method
    upto: int


@dataclass(frozen=True, slots=True)
class Until:
    """Wait."""

    at: float


Script = Generator[Call | Until, float | None, None]
"""A process for one turn. A call is answered with ``None``, or with the seconds of
``Retry-After``."""


class World:
    """One run of one scenario.

    Args:
        workspace: The platform.
        seed: Decides about latencies.
    """

    def __init__(self, workspace: Workspace, seed: int) -> None:
        self.now = 0.0
        self.workspace = workspace
        self.random = Random(f"latency {seed}")  # noqa: S311 - not a secret
        self.events = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._tickets = count()

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Let something happen then, or now if that is past."""
        heappush(self._heap, (max(time, self.now), next(self._tickets), act))

    def run(self, until: float) -> None:
        """Let everything happen that happens before ``until``."""
        while self._heap and self._heap[0][0] <= until:
            self.now, _, act = heappop(self._heap)
            self.events += 1
            act()

    def call(
        self, screen: Screen, call: Call, done: Callable[[float | None], None]
    ) -> None:
        """Ask the platform; ``done`` gets its answer."""
        latency = self.random.uniform(*LATENCY)
        screen.calls += 1

        def arrive() -> None:
            refused = self.workspace.call(call.method, screen.trace.name, self.now)
            if refused is None:
                screen.shown.append((self.now, call.upto))
            self.at(self.now + latency / 2, lambda: done(refused))

        self.at(self.now + latency / 2, arrive)

    def play(self, screen: Screen, script: Script) -> None:
        """Run a process from now on."""

        def step(answer: float | None) -> None:
            try:
                wish = script.send(answer)
            except StopIteration:
                return
            match wish:
                case Call():
                    self.call(screen, wish, step)
                case Until(at):
                    self.at(at, lambda: step(None))

        step(None)
