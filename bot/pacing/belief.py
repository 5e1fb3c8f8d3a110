"""How much of a documented budget is believed to be there. Pure.

Documents may be wrong, and other programs may use the same budget. So a refusal
shrinks what is believed, and successes let it grow again. A refusal is also a lesson:
belief does not grow back to where it was refused, but stops below that (``ceiling``),
so that a limit that is really lower stops refusing after a few times. Only after a
long time without a refusal the ceiling is lifted a little, because limits change.
"""

from math import inf

SHRINK = 0.7
"""What a refusal leaves of the believed budget."""
GROW = 0.01
"""What a success adds to the believed budget, as a share of the documented one."""
LEAST = 0.1
"""The believed budget never falls below this share of the documented one."""
BELOW = 0.85
"""The ceiling after a refusal, as a share of what was believed then."""
QUIET = 600.0
"""Seconds without a refusal after which the ceiling is lifted."""
LIFT = 1.1
"""By how much it is lifted then."""


class Belief:
    """What share of its documented budget a lane is believed to have.

    Args:
        most: More is never believed.
    """

    __slots__ = ("_ceiling", "_lifted_at", "most", "share")

    def __init__(self, most: float = 1.0) -> None:
        self.most = most
        self.share = 1.0
        """1 is what is documented."""
        self._ceiling = inf
        self._lifted_at = -inf
        """When the ceiling last changed."""

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been learned."""
        return self.share == 1.0 and self._ceiling >= self.most

    def refused(self, now: float) -> None:
        """Believe in less."""
        self._ceiling = max(LEAST, self.share * BELOW)
        self._lifted_at = now
        self.share = max(LEAST, self.share * SHRINK)

    def succeeded(self, now: float, *, busy: bool) -> None:
        """Believe in a little more.

        Args:
            now: Monotonic seconds.
            busy: Whether the lane is used so much that a success says something about
                more than what is documented.
        """
        if now >= self._lifted_at + QUIET and self._ceiling < self.most:
            self._ceiling *= LIFT
            self._lifted_at = now
        most = min(self.most, self._ceiling)
        if self.share < most and (self.share < 1.0 or busy):
            self.share = min(most, self.share + GROW)
