"""What a platform takes of a whole workspace until it takes no more. Pure.

Nobody says how large it is, who uses it, or when there will be more. So once it is
spent, everything but approvals and finals stays away for a while; then one call tries,
and only its success opens the way for the others.
"""

from math import inf

ANSWER = 15.0
"""Seconds for which the others wait for the one that tries (our choice)."""


class Quota:
    """One account that several lanes draw from without counting."""

    __slots__ = ("_spent", "_tried", "until")

    def __init__(self) -> None:
        self.until = -inf
        """Before this (monotonic) only approvals and finals try."""
        self._spent = self._tried = False

    def spend(self, until: float) -> None:
        """Take note that there is none left, and let it rest."""
        self.until = max(until, -inf if self._tried else self.until)
        self._spent, self._tried = True, False

    def try_one(self, now: float) -> None:
        """Take note that somebody who could wait goes: after a rest, the only one."""
        if self._spent and now >= self.until:
            self.until, self._tried = now + ANSWER, True

    def succeeded(self) -> None:
        """Take note that the platform took something; during a rest that says nothing."""
        if self._tried:
            self.until, self._spent, self._tried = -inf, False, False
