"""What happened in the stand-in worlds, in order, for pages and tests to follow.

Append-only and numbered without gaps, so a reader that comes back with the last
number it saw misses nothing and sees nothing twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from bot.clock import Clock

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that somebody waits who does not say how long; a machine may be busy."""
_QUOTED = 8
"""How many changes are told of when something did not happen."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened."""

    seq: int
    at: datetime
    kind: str
    """``slack.message``, ``slack.modal``, ``teams.activity``, ``delivery``, ``api`` …"""
    body: Mapping[str, Any]
    """JSON-able."""


class Journal:
    """The changes of all stand-ins of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changes: list[Change] = []
        self._news = asyncio.Event()

    @property
    def last_seq(self) -> int:
        """Number of the newest change; 0 before the first."""
        return len(self._changes)

    def record(self, kind: str, **body: Any) -> Change:  # noqa: ANN401 - JSON
        """Append a change and wake everybody who follows."""
        change = Change(self.last_seq + 1, self._clock.now(), kind, body)
        self._changes.append(change)
        self._news.set()
        self._news = asyncio.Event()
        return change

    def after(self, seq: int) -> list[Change]:
        """Return all changes numbered above ``seq``."""
        return self._changes[max(seq, 0) :]

    async def until(
        self,
        predicate: Callable[[], T],
        *,
        within: float = PATIENCE,
        awaited: str = "what was waited for",
    ) -> T:
        """Return the first true result of ``predicate``, asked after every change.

        Args:
            predicate: Looks at whatever the caller likes.
            within: Seconds of the running loop to wait at most.
            awaited: What that is, in words.

        Raises:
            TimeoutError: It did not become true in time; says what happened last.
        """
        try:
            async with asyncio.timeout(within):
                return await self._first(predicate)
        except TimeoutError as error:
            last = self.after(self.last_seq - _QUOTED)
            quoted = "".join(f"\n{one.seq} {one.kind} {one.body}" for one in last)
            raise TimeoutError(
                f"{awaited} did not happen within {within:g} s; "
                f"the newest of {self.last_seq} changes:{quoted or ' none'}"
            ) from error

    async def _first(self, predicate: Callable[[], T]) -> T:
        seen = self.last_seq
        if result := predicate():
            return result
        async for _ in self.follow(seen):
            if result := predicate():
                return result
        raise AssertionError("a journal never ends")

    async def follow(self, after: int) -> AsyncIterator[Change]:
        """Yield every change numbered above ``after``, for ever."""
        while True:
            news = self._news
            for change in self.after(after):
                after = change.seq
                yield change
            await news.wait()
