"""The company's records, as tools change and read them.

Implemented by ``bot/store/records.py`` on the same Postgres. Every method that has
an effect takes the call's ``key`` and is idempotent by it: the same key again gives
the first result and changes nothing. Each is one transaction. Under a key that
`Records.settle_effect` has voided they raise `EffectVoidedError` and change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.company.model import Person
from bot.knowledge.ask import Ask
from bot.knowledge.sections import name_of
from bot.ports.systems import Membership
from bot.protocol.ids import ApprovalId, PersonId, TenantId, TurnId
from bot.protocol.values import OpenRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A section of an article that has something of a question."""

    ref: str
    """Of the article: its file's name without the ending."""
    title: str
    """Of the article."""
    headings: tuple[str, ...]
    """From the outermost, without the title; empty: the article's beginning."""
    owner: str
    updated: str
    text: str
    """Markdown, without the heading."""
    fit: float
    """How well it answers, from 0 to 1; see `bot.knowledge.ranking`."""

    @property
    def name(self) -> str:
        """How it is cited."""
        return name_of(self.title, self.headings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Access, or a software seat, that a person has."""

    person_id: PersonId
    resource_id: str
    grant: str
    granted_at: datetime
    ends_at: datetime | None
    ours: bool = True
    """Whether it came by us; what somebody else gave in a system is never taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """The record that an effect left behind."""

    reference: str
    """What to tell the person, e.g. ``ORD-1042``, ``IT-7``."""
    created: bool
    """False when the key had been used before: nothing changed this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ticket is worked on that is not worked on by our records alone."""

    system: str
    """Its name in the company file."""
    reference: str
    """What the ticket is called there."""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledTicket:
    """A ticket as it was opened."""

    reference: str
    queue: str
    title: str
    opened_at: datetime
    place: Place | None
    """``None``: it is in our records alone, as far as is known."""


class OutOfStock(Exception):  # noqa: N818 - an expected outcome with a name, not an error
    """Nothing is left; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the ledger knows of a key."""

    key: str
    kind: str
    """``grant``, ``order``, ``reset``, ``ticket`` or ``waitlist``."""
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What somebody is given."""

    person: PersonId
    resource_id: str
    grant: str
    ends_at: datetime | None = None
    """``None``: never."""
    seat: bool = False
    """Whether it uses up one of the resource's seats."""
    turn_id: TurnId = TurnId("")
    """In whose conversation the person is told of its end."""


class Directory(Protocol):
    """People, as the company knows them."""

    async def find_person(self, tenant: TenantId, person_id: PersonId) -> Person | None:
        """Return the person with this id."""
        ...

    async def search_people(
        self, tenant: TenantId, query: str, *, limit: int = 5
    ) -> Sequence[Person]:
        """Return people whose name, e-mail, title or department matches ``query``."""
        ...


class Records(Directory, Protocol):
    """Everything that tools read and change."""

    async def search_knowledge(
        self, tenant: TenantId, ask: Ask, *, limit: int = 3
    ) -> Sequence[Passage]:
        """Return the sections that fit best, best first, whether they fit well or not.

        Misspelt words are looked for as the articles write them.
        """
        ...

    async def grants_of(self, tenant: TenantId, person: PersonId) -> Sequence[Grant]:
        """Return the person's grants in force, newest first."""
        ...

    async def find_grant(self, tenant: TenantId, reference: str) -> Grant | None:
        """Return a grant by its reference, in force or not."""
        ...

    async def seats_left(self, tenant: TenantId, resource_id: str) -> int | None:
        """Return how many seats are free; ``None`` when seats are not counted."""
        ...

    async def stock_left(self, tenant: TenantId, resource_id: str) -> int | None:
        """Return how many are on the shelf; ``None`` when stock is not counted."""
        ...

    async def grant_access(
        self,
        tenant: TenantId,
        *,
        key: str,
        access: Access,
        where: Membership | None = None,
    ) -> Filed:
        """Give access; with ``seat``, take one of the resource's seats.

        Args:
            tenant: Whose row it is.
            key: Of the call.
            access: What is given. It never ends where somebody else had given it before.
            where: The membership that a system says is there; `reserve_access` should
                have come first. Without, nobody knows that it is ours.

        Raises:
            OutOfStock: A seat was asked for and none is free.
        """
        ...

    async def reserve_access(
        self,
        tenant: TenantId,
        *,
        key: str,
        access: Access,
        where: Membership,
        there: bool,
        looked_at: datetime,
    ) -> None:
        """Note that a system is about to be asked for access, and keep a seat for it.

        `grant_access` under the same key makes it a grant, `release_access` nothing.
        What becomes of neither is settled later, by what the system says then. Again
        under the same key it is the same one, which is settled later still; asked of
        another place, it is one more, and the first is settled by itself.

        Args:
            tenant: Whose row it is.
            key: Of the call.
            access: What is to be given.
            where: What the system is asked for.
            there: Whether the membership is there already, as the system says. If no
                row of ours tells why, it is somebody else's and never ends here; if it
                is not there, older rows that say so are ended.
            looked_at: When the system was asked that, at the earliest.

        Raises:
            OutOfStock: A seat was asked for and none is free.
        """
        ...

    async def release_access(self, tenant: TenantId, *, key: str) -> None:
        """Undo a reservation: the system did not give it, for certain."""
        ...

    async def order_hardware(
        self,
        tenant: TenantId,
        *,
        key: str,
        person: PersonId,
        resource_id: str,
        price: float,
        currency: str,
    ) -> Filed:
        """Order one piece; takes it from stock when there is stock to take."""
        ...

    async def join_waitlist(
        self, tenant: TenantId, *, key: str, person: PersonId, resource_id: str
    ) -> Filed:
        """Put the person on the list for a resource that has run out."""
        ...

    async def reset_password(
        self, tenant: TenantId, *, key: str, person: PersonId
    ) -> Filed:
        """File a reset; whoever runs the accounts sends the one-time link."""
        ...

    async def open_ticket(
        self,
        tenant: TenantId,
        *,
        key: str,
        person: PersonId,
        queue: str,
        title: str,
        body: str,
        place: Place | None = None,
    ) -> Filed:
        """Open a ticket for people to work on.

        With ``place`` where that is; it is also written down if the key was used before
        and nobody knew the place then.
        """
        ...

    async def ticket_under(self, tenant: TenantId, key: str) -> FiledTicket | None:
        """Return the ticket that was opened under ``key``."""
        ...

    async def tickets_of(
        self, tenant: TenantId, person: PersonId, *, limit: int = 5
    ) -> Sequence[FiledTicket]:
        """Return the person's tickets, newest first."""
        ...

    async def find_effect(self, tenant: TenantId, key: str) -> Effect | None:
        """Return what has happened under ``key`` so far; it may still happen."""
        ...

    async def settle_effect(self, tenant: TenantId, key: str) -> Effect | None:
        """Return what happened under ``key``; if nothing did, nothing ever will.

        The probe. Under a key that is found unused, every later effect raises
        `EffectVoidedError`, whoever tries it and however late.

        Raises:
            SystemUnsureError: A system was asked for it, by a company file of before,
                and nobody has heard what came of that.
        """
        ...

    async def open_requests(
        self, tenant: TenantId, person: PersonId
    ) -> Sequence[OpenRequest]:
        """Return what the person still waits for, oldest first."""
        ...

    async def withdraw_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId
    ) -> Literal["withdrawn", "not_open", "not_yours"]:
        """Take a request back and wake the turn that waits for it."""
        ...

    async def change_request(
        self, tenant: TenantId, *, approval_id: ApprovalId, by: PersonId, change: str
    ) -> Literal["changed", "not_open", "not_yours"]:
        """Take a request back for a change, and tell the turn that waits what it is.

        Nobody can approve the old request any more; the turn asks anew, by policy.

        Args:
            tenant: Whose row it is.
            approval_id: Which request.
            by: Who wants the change; only its requester may.
            change: What to change, in their words.
        """
        ...
