"""A model of one Slack workspace: token buckets that hold a minute's quota.

Real windows and bursts are unpublished; the bucket is what the issue's table of
bounds and baselines was made with.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil


class Method(StrEnum):
    """What may be called."""

    POST = "chat.postMessage"
    UPDATE = "chat.update"
    START = "chat.startStream"
    APPEND = "chat.appendStream"
    STOP = "chat.stopStream"


PER_MINUTE = {
    Method.UPDATE: 50.0,
    Method.APPEND: 100.0,
    Method.START: 20.0,
    Method.STOP: 20.0,
}
"""Source: https://docs.slack.dev/apis/web-api/rate-limits (tiers 3, 4, 2, 2)."""
POSTS_PER_MINUTE = 300.0
"""Of a workspace; "several hundred" are documented, the number is our guess."""
POSTS_PER_CHANNEL = 60.0
"""A minute: "1 message per second per channel"."""
CHANNEL_BURST = 5.0
"""Posts that a channel takes at once; unpublished, our guess."""
POSTING = (Method.POST, Method.START)
"""A stream's start is counted as a post too, to be safe; nothing is documented."""


@dataclass(slots=True)
class TokenBucket:
    """Holds ``size`` tokens and is refilled with ``per_second``."""

    size: float
    per_second: float
    level: float
    at: float = 0.0

    def refill(self, now: float) -> None:
        """Let the time until ``now`` pass."""
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now

    def lacks(self) -> float:
        """Return the seconds until there is a token; 0 if there is one."""
        return max(0.0, (1 - self.level) / self.per_second)


def _minute(count: float) -> TokenBucket:
    return TokenBucket(count, count / 60, count)


@dataclass(slots=True)
class Workspace:
    """Takes calls, or refuses them.

    Args:
        scale: How much of the documented rates of the methods is really allowed.
    """

    scale: float = 1.0
    refusals: int = 0
    accepted: dict[Method, int] = field(default_factory=dict[Method, int])
    _methods: dict[Method, TokenBucket] = field(
        default_factory=dict[Method, TokenBucket]
    )
    _posts: TokenBucket = field(default_factory=lambda: _minute(POSTS_PER_MINUTE))
    _channels: dict[str, TokenBucket] = field(default_factory=dict[str, TokenBucket])

    def __post_init__(self) -> None:
        self._methods = {
            method: _minute(count * self.scale) for method, count in PER_MINUTE.items()
        }

    def call(self, method: Method, channel: str, now: float) -> float | None:
        """Accept a call, or return the seconds after which to try again (429)."""
        buckets = self._buckets(method, channel)
        for bucket in buckets:
            bucket.refill(now)
        lacks = max(bucket.lacks() for bucket in buckets)
        if lacks > 0:
            self.refusals += 1
            return float(max(1, ceil(lacks)))
        for bucket in buckets:
            bucket.level -= 1
        self.accepted[method] = self.accepted.get(method, 0) + 1
        return None

    def _buckets(self, method: Method, channel: str) -> list[TokenBucket]:
        buckets = [self._methods[method]] if method in self._methods else []
        if method in POSTING:
            of_channel = self._channels.setdefault(
                channel,
                TokenBucket(CHANNEL_BURST, POSTS_PER_CHANNEL / 60, CHANNEL_BURST),
            )
            buckets += [self._posts, of_channel]
        return buckets
