"""Lanes: the platforms' budgets as token buckets. Pure; time is an argument."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``count`` operations in any ``seconds``."""

    count: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One rate-limited way to change what people see."""

    key: str
    """What the platform counts by, e.g. ``slack/T1/chat.update``."""
    windows: tuple[Window, ...]
    """All of them hold at once."""
    reserve: float = 0.0
    """Share of each window (0 to 1) kept for approvals and finals."""
