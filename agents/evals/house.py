"""What scenarios need of an engine; implemented by ``bot/app/trial.py``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from agents.evals.pausing import Pause, Pauses
from bot.clock import Clock
from bot.company.model import Company
from bot.engine.kit import Kit
from bot.ports.inbox import Inbox
from bot.protocol.ids import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One row that an effect left."""

    kind: str
    """``grant``, ``order``, ``waitlist``, ``reset``, ``ticket`` or ``call``."""
    who: str
    what: str = ""
    grant: str = ""
    lasts: timedelta | None = None
    queue: str = ""
    text: str = ""
    """Of a ticket: title and body; of a call: its arguments."""


class House(Protocol):
    """A running engine, with one company's agents, for any number of tenants."""

    pauses: Pauses
    """Lets an agent pause in a tenant."""

    company: Company
    """With an id on both platforms for everybody."""
    kit: Kit
    inbox: Inbox
    clock: Clock

    async def move_in(self, tenant: TenantId) -> None:
        """Make a tenant whose people, things and articles are the company's.

        Its workspaces on both platforms have its own name.
        """
        ...

    async def rest(self, tenant: TenantId, patience: float) -> bool:
        """Wait until nothing is left to do for a tenant before people act.

        Returns:
            Whether it is so; after ``patience`` seconds it is not waited for.
        """
        ...

    async def paused(self, tenant: TenantId, pause: Pause, patience: float) -> bool:
        """Wait until an agent pauses.

        Returns:
            Whether it does; not where nothing is left to do for the tenant, or after
            ``patience`` seconds.
        """
        ...

    async def heard(self, tenant: TenantId, patience: float) -> bool:
        """Wait until all that was said to a tenant's turns has reached them.

        Returns:
            Whether it has; after ``patience`` seconds it is not waited for.
        """
        ...

    async def passes(self, tenant: TenantId, seconds: float, patience: float) -> bool:
        """Let time pass at once, for all of the house.

        What is due in between happens at its moment, one thing after the other.

        Returns:
            Whether everything came to rest, within ``patience`` seconds each time.
        """
        ...

    async def happened(self, tenant: TenantId) -> Sequence[Happened]:
        """Return what was done for a tenant's people, in order."""
        ...
