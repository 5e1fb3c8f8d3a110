"""What one replica may draw of a lane that others draw from too. Pure.

The replica's side of `bot.pacing.shares`: it spends what it was given, remembers what
became of it until it is told, and says when it wants more. Between two exchanges it
reckons with the share of the lane that falls to it by what it shows.
"""

from collections.abc import Sequence

from bot.pacing.shares import SILENT, Ask, Part

TRUSTED = SILENT / 4
"""Seconds for which a part may be spent: a send that begins then has its answer before
others count it as lost."""


class Allotment:
    """One replica's part of one lane."""

    def __init__(self) -> None:
        self._held = self._held_then = 0
        self._until = float("-inf")
        self._settled: list[float] = []
        self.hungry = False
        """Whether somebody wanted a token and there was none."""
        self.share = 1.0
        """How much of the lane falls to this replica, by what it shows."""

    @property
    def busy(self) -> bool:
        """Whether there is something to give back or to tell."""
        return self._held > 0 or bool(self._settled)

    def left(self, now: float) -> int:
        """Return how many operations may be begun."""
        return self._held if now < self._until else 0

    def lacks(self, now: float, wanted: int) -> bool:
        """Whether fewer than ``wanted`` are left; then more is to be asked for."""
        if self.left(now) >= wanted:
            return False
        self.hungry = True
        return True

    def draw(self) -> None:
        """Spend one."""
        self._held -= 1

    def refund(self) -> None:
        """Take one back that was not spent."""
        self._held += 1

    def settle(self, now: float) -> None:
        """Take note that one has come to its end."""
        self._settled.append(now)

    def asked(self) -> Sequence[float]:
        """Return when operations have come to their end since this was asked last."""
        settled, self._settled = self._settled, []
        self._held_then = self._held
        self.hungry = False
        return settled

    def untold(self, settled: Sequence[float]) -> None:
        """Take back what `asked` returned: nobody may have been told.

        Nor does anybody know what was given instead of what was held, so it is gone.
        """
        self._settled[:0] = settled
        self._held, self.hungry = min(0, self._held - self._held_then), True

    def give(self, ask: Ask, part: Part, now: float) -> None:
        """Take what was given for ``ask``; what was held then is given back."""
        since = self._held - self._held_then  # spent, or taken back, meanwhile
        self._held, self._until = part.held + since, now + TRUSTED
        self.share = min(1.0, max(ask.live, 1) / max(part.live, 1))
