"""Count calls and refuse what is above the limits. Sans-I/O: time is an argument.

Three kinds of lane, all of the whole app in one workspace: a method's calls a minute,
posts a second in one channel, posts a minute in all channels. A refused call costs
nothing. Two windows hold a method: a minute that lets a burst through, and five
minutes that do not, so that no burst becomes a habit.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.simulator.slack.limits import POSTING_METHODS, Rate, SlackLimits

MINUTE = 60.0
LONG_RUN = 5


class _Lane(Protocol):
    def wait(self, now: float) -> float: ...
    def take(self, now: float) -> None: ...
    def state(self, now: float) -> dict[str, float]: ...


@dataclass(slots=True)
class _Window:
    """At most ``count`` in any ``seconds``."""

    count: float
    seconds: float
    _taken: deque[float] = field(default_factory=deque[float])

    def used(self, now: float) -> int:
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        return len(self._taken)

    def wait(self, now: float) -> float:
        used = self.used(now)
        if used < self.count:
            return 0.0
        return self._taken[used - math.floor(self.count)] + self.seconds - now

    def take(self, now: float) -> None:
        self._taken.append(now)


class MethodLane:
    """A rate a minute, with a burst that must stay an exception."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._minute = _Window(max(1.0, rate.count + rate.burst), MINUTE)
        self._long_run = _Window(
            max(1.0, rate.count + rate.burst, rate.count * LONG_RUN), MINUTE * LONG_RUN
        )

    def wait(self, now: float) -> float:
        """Return the seconds until a call is accepted; 0: now."""
        return max(self._minute.wait(now), self._long_run.wait(now))

    def take(self, now: float) -> None:
        """Count an accepted call."""
        self._minute.take(now)
        self._long_run.take(now)

    def state(self, now: float) -> dict[str, float]:
        """Return what is left of the documented number and of the burst."""
        used = self._minute.used(now)
        over = max(0.0, used - self._rate.count)
        return {
            "left": max(0.0, self._rate.count - used),
            "of": self._rate.count,
            "seconds": MINUTE,
            "burst_left": max(0.0, self._rate.burst - over),
        }


class ChannelLane:
    """Posts into one channel: a rate a second, saved up to a short burst."""

    def __init__(self, *, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._at = -math.inf

    def _refill(self, now: float) -> None:
        if self._at > -math.inf:
            grown = self._tokens + (now - self._at) * self._per_second
            self._tokens = min(self._burst, grown)
        self._at = now

    def wait(self, now: float) -> float:
        """Return the seconds until a post is accepted; 0: now."""
        self._refill(now)
        # Sums of floats: what lacks a billionth of a post is a whole one.
        missing = 1.0 - self._tokens
        return missing / self._per_second if missing > 1e-9 else 0.0  # noqa: PLR2004

    def take(self, now: float) -> None:
        """Count an accepted post."""
        self._refill(now)
        self._tokens -= 1.0

    def state(self, now: float) -> dict[str, float]:
        """Return how many posts are accepted at once, of how many at most."""
        self._refill(now)
        return {
            "left": float(max(0, math.floor(self._tokens + 1e-9))),
            "of": self._burst,
            "seconds": self._burst / self._per_second,
            "burst_left": 0.0,
        }


class Meters:
    """Every lane of one app in one workspace, made when first used."""

    def __init__(self, limits: SlackLimits, *, team_id: str) -> None:
        self._limits = limits
        self._prefix = f"slack/{team_id}"
        self._lanes: dict[str, _Lane] = {}

    def admit(self, method: str, channel: str, now: float) -> float:
        """Count the call and return 0, or return for how many seconds to refuse it.

        Args:
            method: The Web API method.
            channel: The channel's id; only posts are counted by it.
            now: Monotonic seconds.
        """
        lanes = self._lanes_of(method, channel)
        wait = max((lane.wait(now) for lane in lanes), default=0.0)
        if wait > 0:
            return max(1.0, math.ceil(wait))
        for lane in lanes:
            lane.take(now)
        return 0.0

    def budgets(self, now: float) -> list[dict[str, Any]]:
        """Return every lane used so far: lane, left, of, seconds, burst_left."""
        return [
            {"lane": key, **lane.state(now)}
            for key, lane in sorted(self._lanes.items())
        ]

    def _lanes_of(self, method: str, channel: str) -> list[_Lane]:
        lanes: list[_Lane] = []
        if rate := self._limits.methods.get(method):
            lanes.append(self._lane(method, MethodLane(rate)))
        if method in POSTING_METHODS:
            every_channel = MethodLane(self._limits.workspace_posts)
            one_channel = ChannelLane(
                per_second=self._limits.channel_posts_per_second,
                burst=self._limits.channel_burst,
            )
            lanes.append(self._lane("posts", every_channel))
            lanes.append(self._lane(f"posts/{channel}", one_channel))
        return lanes

    def _lane(self, key: str, fresh: _Lane) -> _Lane:
        return self._lanes.setdefault(f"{self._prefix}/{key}", fresh)
