"""Ways: by which calls a surface may be sent, and how it goes on after each."""

from dataclasses import dataclass
from enum import Enum, auto

from bot.pacing.lanes import Lane


class Use(Enum):
    """What a way is good for."""

    ANY = auto()
    """Progress and the last word: a post, an edit."""
    PROGRESS = auto()
    """Not the last word: opening a stream, appending to it."""
    ENDING = auto()
    """Only the last word: closing a stream, a final as a new message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to send a surface. A surface may have several at a time, one for its end.

    Where an end may go several ways, one for `Use.ENDING` is a fallback for when the
    others are scarce.
    """

    name: str = ""
    """What the shell calls it: ``post``, ``edit``, ``open``, ``append``, ``close`` …"""
    lanes: tuple[Lane, ...] = ()
    """Every budget that it draws one token from."""
    use: Use = Use.ANY
    floor: float | None = None
    """Least seconds since the surface was sent last, unless it is urgent; ``None``:
    the pacer's."""
    by: float | None = None
    """When (monotonic) it must have been taken, whatever there is to show: a stream
    must be closed before the platform ends it."""
    then: tuple["Way", ...] = ()
    """How the surface is sent from then on; empty: as before."""


def endings_of(ways: tuple[Way, ...]) -> list[Way]:
    """Return the ways by which a surface may end, best first.

    While it lives, a token is kept for one of them.
    """
    last = [way for way in ways if way.use is Use.ENDING]
    return last + [way for way in ways if way.use is Use.ANY]
