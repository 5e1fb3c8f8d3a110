"""Grants whose time is over, and what becomes of them.

Every grant ends the same way: it is claimed once it is due, taken away where it was
given, and written down as ended, with what its holder is told. Claims are leases with
a fence, so one replica at a time works on an ending, and a dead one loses it.

Implemented by ``bot/store/endings.py`` for one tenant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from bot.ports.systems import Membership
from bot.protocol.ids import PersonId

How: TypeAlias = Literal["over", "kept", "not_given", "given_up"]
"""Why a grant is no more: its time; a newer one that goes on; it never was; or nobody
could take it away for so long that people have to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A grant that is claimed to be ended."""

    reference: str
    fence: int
    """Grows with every claim; what is written with an old one is refused."""
    person_id: PersonId
    resource_id: str
    grant: str
    where: Membership | None
    """``None``: in our records alone."""
    given: bool
    """False: a system was asked, and nobody heard what came of it."""
    kept: bool
    """Whether a newer grant needs the same membership."""
    awaited: bool
    """Whether somebody is just asking for the same membership."""
    due_at: datetime
    """When its time was over, or when it was to be settled."""
    late: timedelta
    """How long ago that was."""
    tries: int
    """How often it was tried, this time included."""


class Endings(Protocol):
    """The grants of one tenant, by their ends."""

    async def claim(self, lease: timedelta, most: int) -> Sequence[Ending]:
        """Take what is due and nobody else works on, longest due first."""
        ...

    async def end(self, ending: Ending, how: How, *, told: str = "") -> bool:
        """Write down that it has ended, and tell its holder, in one transaction.

        Returns whether that was done: not if the claim was lost, nor if it was taken
        away (`over`) and somebody has asked for the same membership since. That is
        due again at once.

        Args:
            ending: As claimed.
            how: Why it is no more.
            told: What its holder is told, where they asked for it; empty: nothing.
        """
        ...

    async def adopt(self, ending: Ending) -> None:
        """Write down that it was given after all."""
        ...

    async def put_off(self, ending: Ending, pause: timedelta, why: str) -> None:
        """Let it be claimed again after a pause."""
        ...

    async def wait(self, ending: Ending, pause: timedelta, why: str) -> None:
        """Let it be claimed again after a pause, as if it had not been tried now."""
        ...

    async def overdue(self) -> int:
        """Return how many grants should have ended more than `LATE` ago."""
        ...


LATE = timedelta(minutes=10)
"""From then on it is worth an operator's look."""
