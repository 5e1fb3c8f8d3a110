"""Systems outside of Deskhand in which people work on tickets.

Implemented in ``adapters/systems``. None of them knows a key under which the same ticket
cannot be opened twice. So a ticket carries a key of ours, whoever may have opened one
looks for it by that key, and nobody asks for one again unless it is certain that there
is none: where nobody can tell, that is said.
"""

from dataclasses import dataclass
from typing import Protocol

from bot.ports.systems import NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A ticket to open."""

    key: str
    """Ours: at most 60 small letters, digits and ``-``; written on the ticket."""
    title: str
    body: str
    """Plain text: nothing in it is formatting there."""
    email: str
    """Of who asks, by the platform's identity and the directory."""
    account: str = ""
    """Who that is there, where the company file says so; empty: found by e-mail."""
    queue: str = ""
    """As in the company file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketThere:
    """A ticket as it is there."""

    reference: str
    """What people call it, e.g. ``DESK-12``: letters, digits, ``-`` and ``_``."""
    state: str = ""
    """In the system's words, on one line; empty: not known."""
    done: bool = False
    """Whether nobody works on it any more."""
    link: str = ""
    """Where who asked sees it: as `bot.view.address` returns it."""


class TicketSystem(Protocol):
    """Where tickets are opened."""

    name: str
    """As in the company file."""

    async def open(self, ticket: NewTicket) -> TicketThere | NotDone:
        """Open a ticket; to be called once for a key, whatever comes of it.

        Nothing is sent a second time that may have been heeded the first time.

        Raises:
            SystemUnsureError: Nobody can tell whether it is there, or still will be.
        """
        ...

    async def find(self, key: str) -> TicketThere | NotDone | None:
        """Return the ticket that carries a key.

        ``None`` proves nothing: it may not be found yet, or still be on its way.
        """
        ...

    async def read(self, reference: str) -> TicketThere | NotDone:
        """Return a ticket as it is now."""
        ...

    async def comment(self, reference: str, text: str) -> TicketThere | NotDone:
        """Add a comment that who asked can read; to be called once for a comment.

        Raises:
            SystemUnsureError: Nobody can tell whether it is there, or still will be.
        """
        ...

    async def check(self) -> str | NotDone:
        """Read something harmless, for `deskhand doctor`; return what was found."""
        ...
