"""What turns are like, learned from those that have ended. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp

SAID = 6.0
"""Seconds in which a turn's answer grows: what is believed before any has ended
(our choice: 350 tokens at 60 a second)."""
LIFE = 15.0
"""Seconds that a turn lives. As before (our choice)."""
RATE = 240.0
"""Characters a second while an answer grows. As before (our choice)."""
LEARN = 0.2
"""Share of the newest turn in what is believed."""
SHORTEST = 0.5
LONGEST = 120.0
"""Seconds beyond which a turn says nothing about the usual ones."""
SPREAD = 0.5
"""By what share of the usual answers differ from it. As before (our choice): half as
long again costs 2 % if all are usual, and saves a third if they are twice as long."""
LINDY = 0.5
"""Share of what has come that is still to come, of one that is longer than any usual
one: the longer it has gone on, the longer it will."""
MEMORY = 120.0
"""Seconds over which it is counted how many turns come."""
LULL = 60.0
"""Seconds without an end after which turns have stopped coming (our choice)."""
STREAM = 20.0
"""Seconds for which turns must have been ending before more are counted on: those of
one crowd end within fewer (our choice)."""


@dataclass(frozen=True, slots=True)
class _Count:
    """Turns that have ended."""

    turns: float
    """How many, fading."""
    at: float
    """When that was reckoned, and the last one ended."""
    since: float
    """When the first one ended after a lull."""

    def fading(self, now: float) -> float:
        return self.turns * exp(-max(0.0, now - self.at) / MEMORY)


def _counted(before: _Count | None, now: float) -> _Count:
    if before is None or now >= before.at + LULL:
        return _Count(1.0, now, now)
    return _Count(before.fading(now) + 1, now, before.since)


class Habits:
    """How long turns live, how long their answers grow, how fast, and how many come."""

    __slots__ = ("_ended", "life", "rate", "said", "spread")

    def __init__(self) -> None:
        self.said = SAID
        self.life = LIFE
        self.rate = RATE
        self.spread = SPREAD * SAID
        """Seconds by which answers differ from the usual ones."""
        self._ended: dict[str, _Count] = {}

    def ended(
        self, now: float, *, lanes: Iterable[str], life: float, said: float, size: float
    ) -> None:
        """Learn from a turn.

        Args:
            now: Monotonic seconds.
            lanes: Keys of those that it was refreshed by.
            life: Seconds from its first offer to its last.
            said: Seconds of it in which it grew.
            size: Characters that came in them.
        """
        for key in lanes:
            self._ended[key] = _counted(self._ended.get(key), now)
        if said < SHORTEST:
            return
        off = min(said, LONGEST) - self.said
        self.spread += LEARN * (abs(off) - self.spread)
        self.said += LEARN * off
        self.life += LEARN * (min(life, LONGEST) - self.life)
        self.rate += LEARN * (size / said - self.rate)

    def coming(self, key: str, now: float) -> float:
        """Return how many turns a second come that a lane will refresh."""
        count = self._ended.get(key)
        if count is None or now >= count.at + LULL or now < count.since + STREAM:
            return 0.0
        watched = max(MEMORY / 2, now - count.since)
        return count.fading(now) / (MEMORY * (1 - exp(-watched / MEMORY)))

    def still_to_say(self, said: float) -> float:
        """Return the seconds in which a turn will still grow, as far as one can tell."""
        if said > self.said + self.spread:
            return max(self.spread, LINDY * said)
        return max(self.said - said, self.spread)
