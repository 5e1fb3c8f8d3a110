"""Where the engine keeps everything: transactions over conversations, turns and mail.

Implemented by ``bot/store/postgres.py``; the simulation has one in memory. Both pass
``tests/contract/test_store.py``. What the engine relies on, and an implementation owes:

* A transaction commits whole or not at all, and only what it has committed is seen by
  others (READ COMMITTED). Rows it changes or holds stay its own until it ends.
* Whoever writes for a conversation proves its claim; an old fence is refused. The
  proof holds until the transaction ends.
* All times it makes up itself (leases, when something is due) are the store's.

Every transaction is opened by its name, so that measurements, traces and the tests
that kill a process at each commit all speak of the same points.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from bot.ports.aggregates import (
    Approvals,
    Budgets,
    Conversations,
    Mailbox,
    ModelUse,
    People,
    Surfaces,
)
from bot.ports.log import Log
from bot.protocol.ids import ConversationId

Point: TypeAlias = Literal[
    # What comes in: committed before it is answered.
    "ingress.message",
    "ingress.link",
    "ingress.met",
    "ingress.stop",
    "ingress.decision",
    # Who owns what.
    "worker.claim",
    "worker.heartbeat",
    "worker.put_off",
    "worker.let_go",
    "worker.tidy",
    "clock.follow",
    "sweeper.sweep",
    "sweeper.compact",
    # A conversation's owner.
    "conversation.open",
    "conversation.mail",
    "conversation.consume",
    "conversation.delivered",
    "conversation.failure",
    "conversation.release",
    # The log.
    "turn.load",
    "turn.history",
    "spending.look_up",
    "turn.begin",
    "log.append",
    "log.append_with",
    # What people see.
    "surface.load",
    "surface.intent",
    "surface.fence",
    "surface.receipt",
    "surface.failed",
    "budget.exchange",
    "reach.look_up",
    "reach.remember",
    # Who only looks.
    "journal.read",
]
"""The name of a transaction."""


class Transaction(
    Conversations,
    Mailbox,
    Log,
    ModelUse,
    Approvals,
    Surfaces,
    Budgets,
    People,
    Protocol,
):
    """All of it, in one transaction."""

    async def now(self) -> datetime:
        """Return the store's time. Every replica's clock follows it."""
        ...


class Store(Protocol):
    """Opens transactions, and says when there is mail."""

    def begin(self, point: Point) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that commits at the end of the block.

        Raises:
            StoreUnavailableError: The store cannot be reached, went away or gave up.
                Nothing was written; only where the connection broke during the
                commit itself nobody can tell, so look before doing it again.
        """
        ...

    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        """Call ``hear`` for every conversation notified, until cancelled.

        What is notified while the connection is broken is lost, so look for work in
        ``on_connect``, which is called each time there is a connection again.
        """
        ...
