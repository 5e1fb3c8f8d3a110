"""Where adapters hand in what they verified and parsed.

Implemented by ``bot/engine/ingress.py``. An adapter answers its webhook only after
`Inbox.accept` has returned: then the delivery is committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.protocol.ids import TurnId
from bot.protocol.inbound import Address, Inbound
from bot.view.nodes import TurnView

Outcome = Literal[
    "accepted",
    "duplicate",
    "decided",
    "already_decided",
    "not_entitled",
    "stale",
    "unknown",
]
"""``decided`` and below answer a click; a duplicate click answers as the first did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of a delivery. It is committed."""

    outcome: Outcome
    sentence: str = ""
    """What to tell the one who clicked, in plain words; empty: nothing to add."""
    view: TurnView | None = None
    """For a click on an approval: what that card shows now."""


class Inbox(Protocol):
    """The way in."""

    async def accept(self, inbound: Inbound) -> Acceptance:
        """Commit a delivery, wake whoever owns its conversation, and say what it was.

        Raises:
            StoreUnavailableError: Nothing was stored; the platform should redeliver.
        """
        ...

    async def turn_shown(
        self, place: Address, messages: Sequence[str]
    ) -> TurnId | None:
        """Return the turn that one of these messages in a conversation shows, if any.

        Whichever replica posted it.

        Raises:
            StoreUnavailableError: Nobody knows; the platform should redeliver.
        """
        ...
