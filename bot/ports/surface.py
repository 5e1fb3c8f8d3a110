"""A chat platform that can show a turn and change what it shows.

Implemented by ``adapters/slack/client.py`` and ``adapters/teams/client.py``. Every
implementation must pass ``tests/contract/test_platform.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.pacing.lanes import Lane
from bot.protocol.ids import PlatformName, SurfaceId
from bot.protocol.inbound import Address, Frozen, UserRef
from bot.view.nodes import TurnView


@dataclass(frozen=True, slots=True)
class Payload:
    """A rendered message. Only the platform that rendered it knows what is inside."""

    body: Mapping[str, Any]
    digest: str
    """Equal for equal bodies; unchanged content is never sent twice."""


class OpenStream(Frozen):
    """A message that still grows by itself (`bot.ports.streaming`)."""

    until: datetime
    """When it must have been closed; the platform ends it soon after."""


class Receipt(Frozen):
    """A platform's name for a message it shows. Stored, to edit it later."""

    message_id: str
    """Slack ``ts``, or Teams activity id."""
    address: Address
    """Where it really is: a post to a person answers with the channel it opened."""
    stream: OpenStream | None = None
    """Set while the platform streams it: to be closed before it can be edited."""


Operation = Literal["post", "edit"]


class Acquaintance(Protocol):
    """Who knows the people of a platform."""

    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        """Return ``user`` with name and e-mail filled in as far as known."""
        ...


class Platform(Protocol):
    """A chat platform behind one port: render, post, edit, look up."""

    name: PlatformName
    history_lag: float | None
    """Seconds until a post can be found by `find_post`; ``None``: it never can."""

    @property
    def workspace(self) -> str:
        """The workspace or tenant that the bot is installed in; empty: any."""
        ...

    def render(self, view: TurnView) -> Payload:
        """Return the message for ``view``, within the platform's size limits.

        Pure: equal views give equal payloads. What does not fit is shortened and
        says so; rendering never fails.
        """
        ...

    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        """Return every budget that the operation draws one token from."""
        ...

    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        """Return where this person can be reached alone, opening it if needed.

        Args:
            user: The person on this platform.
            known: Where they were met last, if ever.

        Raises:
            PlatformError: The person cannot be reached here.
        """
        ...

    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        """Show a new message marked with ``surface``, so that it can be found again.

        Raises:
            RateLimitedError: Nothing was shown; try after ``error.retry_after`` s.
            AmbiguousSendError: It may have been shown; call `find_post` first.
            PlatformError: The platform refused; nothing was shown.
        """
        ...

    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        """Replace a message and return its receipt, which may have changed.

        Raises:
            MessageGoneError: There is nothing left to edit.
            RateLimitedError: Nothing changed; try after ``error.retry_after`` s.
            AmbiguousSendError: It may have changed; editing again is harmless.
            PlatformError: The platform refused.
        """
        ...

    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        """Return the message marked with ``surface`` posted after ``since``, if any.

        Platforms that cannot look (Teams) return ``None``; their page in ``docs/``
        says what that costs.
        """
        ...

    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        """Return ``user`` with name and e-mail filled in as far as known."""
        ...

    async def find_by_email(self, email: str) -> UserRef | None:
        """Return who has this e-mail here; ``None``: nobody, or no way to look.

        Raises:
            RateLimitedError: Ask again after ``error.retry_after`` seconds.
            AmbiguousSendError: No answer; ask again.
        """
        ...
