"""Systems outside of Deskhand in which access is given.

Implemented in ``adapters/systems``. What is given there is also written into our own
records, which stay the ledger: a row says that the system said so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Standing: TypeAlias = Literal["active", "invited", "absent"]
"""How somebody stands to a target; invited: it is theirs once they accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a grant is in a system: one account's membership of one target."""

    system: str
    """As in the company file."""
    target: str
    account: str
    """In whatever case; no two differ in that alone."""


_HINTS: Mapping[str, str] = {
    "credentials": "Renew the token in the variable that the company file names.",
    "forbidden": "Give the token the rights that docs/systems.md or docs/tickets.md names.",
    "unknown": "Look whether the account, or what it should belong to, has another name there.",
    "refused": "Look in that system why; it may be managed elsewhere.",
    "busy": "It takes no more just now; that passes.",
    "unreachable": "Look whether that system answers, and is in the company file.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """The system did not do it, for certain, or did not tell."""

    why: Literal[
        "credentials", "forbidden", "unknown", "refused", "busy", "unreachable"
    ]
    detail: str = ""
    """In the system's own words: for the log and for `deskhand doctor`, not for people."""

    @property
    def hint(self) -> str:
        """What an operator can do about it."""
        return _HINTS[self.why]


class AccessSystem(Protocol):
    """Where people are members of something that gives them access."""

    name: str
    """As in the company file."""

    async def give(self, target: str, account: str) -> Standing | NotDone:
        """Make an account a member of ``target``, unless it is one; never `absent`.

        Raises:
            SystemUnsureError: Nobody can tell whether it happened, or still will.
        """
        ...

    async def revoke(self, target: str, account: str) -> Literal["absent"] | NotDone:
        """See to it that an account is no member of ``target``, nor invited to be one.

        Whoever is none already is left as they are. An account that is not known there
        is `unknown`: who has another name by now may still be a member.

        Raises:
            SystemUnsureError: Nobody can tell whether it happened, or still will.
        """
        ...

    async def look(self, target: str, account: str) -> Standing | NotDone:
        """Return how an account stands to ``target`` now.

        An account that is not known there is `unknown`, not `absent`.
        """
        ...

    async def check(self, targets: Sequence[str]) -> str | NotDone:
        """Read something harmless, for `deskhand doctor`; return what was found."""
        ...
