"""What turns are like, learned from those that have ended. Pure."""

from collections.abc import Iterable
from math import exp, inf

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
LEFT = 0.2
"""Share of the usual that is still to come of one that is longer than usual."""
MEMORY = 120.0
"""Seconds over which it is counted how many turns come."""


class Habits:
    """How long turns live, how long their answers grow, how fast, and how many come."""

    __slots__ = ("_ended", "_since", "life", "rate", "said")

    def __init__(self) -> None:
        self.said = SAID
        self.life = LIFE
        self.rate = RATE
        self._ended: dict[str, tuple[float, float]] = {}
        """By lane: turns that have ended, fading, and when that was reckoned."""
        self._since = inf

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
        self._since = min(self._since, now)
        for key in lanes:
            self._ended[key] = (self._fading(key, now) + 1, now)
        if said < SHORTEST:
            return
        self.said += LEARN * (min(said, LONGEST) - self.said)
        self.life += LEARN * (min(life, LONGEST) - self.life)
        self.rate += LEARN * (size / said - self.rate)

    def coming(self, key: str, now: float) -> float:
        """Return how many turns a second come that a lane will refresh."""
        if key not in self._ended:
            return 0.0
        watched = max(MEMORY / 2, now - self._since)
        return self._fading(key, now) / (MEMORY * (1 - exp(-watched / MEMORY)))

    def still_to_say(self, said: float) -> float:
        """Return the seconds in which a turn will still grow, as far as one can tell."""
        return max(self.said - said, LEFT * self.said)

    def _fading(self, key: str, now: float) -> float:
        turns, at = self._ended.get(key, (0.0, now))
        return turns * exp(-max(0.0, now - at) / MEMORY)
