"""What a sentence can ask for: the closed set that the scripted model understands."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Wants a thing for themselves."""

    thing: str
    grant: str
    reason: str = ""
    days: int | None = None
    """For how long; ``None``: not said."""
    said: bool = field(default=True, compare=False)
    """Whether the grant was said, or is the smallest because none was."""
    adds: bool = field(default=False, compare=False)
    """Whether it comes on top of what is wished for already ("also …")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwish:
    """Does not want a thing mentioned before."""

    thing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Wants to be put on a waiting list."""

    thing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Wants a password reset."""

    person: str
    """Whose, as they put it; empty: their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Takes requests back."""

    things: tuple[str, ...]
    """Empty: the latest."""
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Wants something else than what they asked for."""

    thing: str
    """What they asked for; empty: nothing that is known."""
    wants: tuple[Wish, ...]
    """What they want now; empty: they did not say, or not so that it is understood."""
    text: str
    """In their words."""
    told: bool = True
    """Whether they said what to change, understood or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Asks how their requests stand and what they have."""

    things: tuple[str, ...]
    """Empty: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAmI:
    """Asks about themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPerson:
    """Asks about somebody."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutThing:
    """Asks what a thing is, costs or who owns it."""

    thing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRules:
    """Asks what would happen if they asked."""

    thing: str
    grant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HowTo:
    """Asks something that an article may answer."""

    query: str
    """Keywords."""
    things: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Wants people to look into something."""

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Wants what a tool of the company's own or of an MCP server does."""

    tool: str
    shown: str
    agents: tuple[str, ...]
    """Who may use the tool."""
    given: tuple[tuple[str, str], ...]
    """Its arguments, in their words."""
    missing: tuple[str, ...] = ()
    """Arguments that it needs and that were not said: it is asked for them."""
    text: str
    """All of it in their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForOther:
    """Wants something for somebody else."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallTalk:
    """Says something that wants no work."""

    kind: Literal["greeting", "thanks", "abilities", "fine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Uses a name that several things share."""

    things: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Says something that could mean anything."""

    things: tuple[str, ...] = ()


Act: TypeAlias = (
    Wish
    | Unwish
    | WaitFor
    | Reset
    | Withdraw
    | Change
    | Status
    | WhoAmI
    | FindPerson
    | AboutThing
    | AboutRules
    | HowTo
    | Ticket
    | Use
    | ForOther
    | SmallTalk
    | Ambiguous
    | Unclear
)
