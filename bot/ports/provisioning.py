"""Where an identity provider's people and groups are kept, as it pushes them.

Implemented by ``bot/store/provisioning.py``, for one tenant. Each method that changes
something is one transaction, with its row in the audit; what it changes holds for the
next decision of any replica.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import JsonValue

from bot.company.pushed import Said

Document: TypeAlias = dict[str, JsonValue]

Field: TypeAlias = Literal[
    "id", "user_name", "email", "external_id", "manager", "active", "name", "member"
]
"""What can be looked for; each must be exactly so."""
Where: TypeAlias = Sequence[tuple[Field, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPush:
    """A person as pushed."""

    body: Document
    """The resource, without what the server adds."""
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPush:
    """A group as pushed."""

    body: Document
    """The resource, without its members and what the server adds."""
    name: str
    external_id: str
    members: tuple[str, ...]
    """SCIM ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A resource as it is kept."""

    id: str
    body: Document
    members: tuple[str, ...]
    """Of a group: SCIM ids."""
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what was found."""

    total: int
    found: Sequence[Kept]


class Taken(Exception):  # noqa: N818 - an expected outcome with a name, not an error
    """What is to be unique is somebody else's; nothing was changed."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        """Words for whoever reads the identity provider's log."""


class NoSuchMember(Exception):  # noqa: N818 - an expected outcome with a name
    """A group is to have a member whom nobody has pushed; nothing was changed."""

    def __init__(self, members: Sequence[str]) -> None:
        super().__init__(", ".join(members))
        self.members = tuple(members)


PushT_contra = TypeVar("PushT_contra", contravariant=True)


class Kind(Protocol, Generic[PushT_contra]):
    """People, or groups."""

    async def find(
        self, where: Where, *, start: int, count: int, members: bool = True
    ) -> Page:
        """Return what fits all of ``where``, oldest first, from the ``start``-th on.

        Args:
            where: What must be so.
            start: Counted from 1.
            count: How many at most.
            members: Whether groups' members are wanted, which may be many.
        """
        ...

    async def get(self, scim_id: str) -> Kept | None:
        """Return the one with this id."""
        ...

    async def add(self, push: PushT_contra) -> Kept:
        """Keep a new one.

        Raises:
            Taken: Its name, or who it is, is there already.
            NoSuchMember: A member is not.
        """
        ...

    async def change(
        self, scim_id: str, change: Callable[[Kept], PushT_contra]
    ) -> Kept | None:
        """Replace one by what ``change`` makes of it; ``None``: there is none.

        ``change`` sees it locked. What it raises leaves everything as it was.

        Raises:
            Taken: Its new name is another's.
            NoSuchMember: A member is not there.
        """
        ...

    async def remove(self, scim_id: str, check: Callable[[Kept], None]) -> bool:
        """Remove one, unless ``check`` raises; return whether it was there."""
        ...


class Provisioning(Protocol):
    """What is pushed into one tenant."""

    @property
    def people(self) -> Kind[PersonPush]:
        """The people."""
        ...

    @property
    def groups(self) -> Kind[GroupPush]:
        """The groups."""
        ...
