"""Teams' rate limits, counted exactly: hits in sliding windows.

Refused requests are not counted. Microsoft does not say whether it counts them.
"""

from collections import deque
from collections.abc import Iterator
from math import ceil
from typing import Any, assert_never

from adapters.simulator.teams.answers import Answer, throttled
from adapters.simulator.teams.limits import Limits, Operation
from bot.clock import Clock
from bot.pacing.lanes import Window


class Budget:
    """The hits on one lane. All windows hold at once."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        most = max((int(window.count) for window in windows), default=0)
        self._hits: deque[float] = deque(maxlen=most)

    def wait(self, now: float, cost: int) -> float:
        """Return the seconds until ``cost`` more hits fit; 0 if they fit now."""
        return max(
            (self._wait(window, now, cost) for window in self._windows), default=0
        )

    def spend(self, now: float, cost: int) -> None:
        """Count ``cost`` hits at ``now``."""
        self._hits.extend([now] * cost)

    def left(self, now: float) -> Iterator[tuple[Window, int]]:
        """Yield every window with the hits it still takes."""
        for window in self._windows:
            used = 0
            for hit in reversed(self._hits):
                if now - hit >= window.seconds:
                    break
                used += 1
            yield window, int(window.count) - used

    def _wait(self, window: Window, now: float, cost: int) -> float:
        # The hit that must have left the window before ``cost`` more fit.
        index = len(self._hits) - (int(window.count) - cost + 1)
        if index < 0:
            return 0
        return max(self._hits[index] + window.seconds - now, 0)


class Budgets:
    """Every lane of one app in one tenant."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._tenant = Budget(limits.tenant)
        self._lanes: dict[str, Budget] = {}

    def redefine(self, limits: Limits) -> None:
        """Count by other limits from now on; what was used is forgotten."""
        self._limits, self._tenant = limits, Budget(limits.tenant)
        self._lanes.clear()

    def charge(
        self, operation: Operation, key: str, cost: int = 1, *, old: bool = False
    ) -> Answer | None:
        """Count a request, or return why it is refused.

        Args:
            operation: What is asked.
            key: The conversation; for ``create`` the person.
            cost: Messages that the request makes of itself.
            old: Whether it asks by an older way, which is had less often.
        """
        match operation:
            case "send" | "typing" | "stream" | "update" | "delete":
                name, windows = "send", self._limits.send
            case "create":
                name, windows = "create", self._limits.create
            case "members":
                name, windows = "members", self._limits.members
            case "token" | "openid" | "keys":
                return None
            case _:
                assert_never(operation)
        now = self._clock.monotonic()
        lanes = [self._tenant, self._lane(f"{name}/{key}", windows)]
        if old:
            lanes.append(self._lane(f"old {name}/{key}", self._limits.old_members))
        wait = max(lane.wait(now, cost) for lane in lanes)
        if wait > 0:
            return throttled(ceil(wait))
        for lane in lanes:
            lane.spend(now, cost)
        return None

    def _lane(self, name: str, windows: tuple[Window, ...]) -> Budget:
        return self._lanes.setdefault(f"teams/{name}", Budget(windows))

    def report(self) -> list[dict[str, Any]]:
        """Return what is left: ``lane``, ``left``, ``of`` and ``seconds`` each."""
        now = self._clock.monotonic()
        lanes = {"teams/tenant": self._tenant, **self._lanes}
        return [
            {
                "lane": name,
                "left": left,
                "of": int(window.count),
                "seconds": window.seconds,
            }
            for name, budget in lanes.items()
            for window, left in budget.left(now)
        ]
