"""The store on Postgres: the functions of this package, on one transaction.

Each function takes a connection and never commits; here they become the methods of
a `bot.ports.store.Transaction`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from types import CoroutineType
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.errors import StoreRefusedError
from bot.ports.rows import Claim
from bot.ports.store import Point, Store
from bot.protocol.ids import ConversationId, TenantId, TurnId
from bot.store import (
    approvals,
    budgets,
    compaction,
    conversations,
    dedup,
    log,
    mailbox,
    model_use,
    past,
    people,
    recognition,
    snapshots,
    surfaces,
    wake,
)
from bot.store.engine import begin, connect, listen
from bot.store.notices import Notices
from bot.turn.state import Approval

_P = ParamSpec("_P")
_T = TypeVar("_T")


_LOOKS: frozenset[Point] = frozenset(
    {
        "conversation.open",
        "conversation.mail",
        "turn.load",
        "turn.history",
        "spending.look_up",
        "surface.load",
        "surface.fence",
        "reach.look_up",
        "journal.read",
        "clock.follow",
    }
)
"""Transactions that change nothing. Under READ COMMITTED each of their statements sees
what is committed by then anyway, so they do without one: that saves two round trips."""

_STATEMENTS: frozenset[Point] = frozenset(
    {
        "ingress.message",
        "log.append",
        "worker.claim",
        "worker.heartbeat",
        "conversation.release",
        "surface.intent",
        "surface.receipt",
        "surface.failed",
    }
)
"""Transactions of one statement, which is one by itself: it saves as much. A release
that also asks for a newer worker is two; each checks the fence by itself, and should
the second not come, the lease ends. Whoever is woken is woken after it anyway."""
_ALONE = _LOOKS | _STATEMENTS


def _here(
    function: "Callable[Concatenate[AsyncConnection, _P], CoroutineType[Any, Any, _T]]",
) -> "Callable[Concatenate[PostgresTransaction, _P], CoroutineType[Any, Any, _T]]":
    """Return the method that calls ``function`` on the transaction's connection."""

    async def method(
        self: "PostgresTransaction", *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await function(self.conn, *args, **kwargs)

    return method


class PostgresTransaction:
    """One transaction on one connection: a `bot.ports.store.Transaction`."""

    def __init__(self, conn: AsyncConnection, notices: Notices) -> None:
        self.conn = conn
        self._notices = notices
        self._due: dict[tuple[TenantId, ConversationId], None] = {}

    claim_conversations = _here(conversations.claim_conversations)
    heartbeat = _here(conversations.heartbeat)
    release = _here(conversations.release)
    require_generation = _here(conversations.require_generation)
    fence_ok = _here(conversations.conversation_fence_ok)
    sweep = _here(conversations.sweep)

    first_time = _here(dedup.first_time)
    forget_deliveries = _here(dedup.forget_deliveries)
    deliver = _here(mailbox.deliver)
    receive = _here(mailbox.receive)
    read_mail = _here(mailbox.read_mail)
    consume = _here(mailbox.consume)

    create_turn = _here(log.create_turn)
    append_events = _here(log.append_events)
    load_events = _here(log.load_events)
    set_turn_status = _here(log.set_turn_status)
    set_delivered = _here(log.set_delivered)
    note_failure = _here(log.note_failure)
    mark_degraded = _here(log.mark_degraded)
    open_turns = _here(log.open_turns)
    find_turn = _here(log.find_turn)
    list_turns = _here(log.list_turns)
    so_far = _here(past.so_far)
    save_snapshot = _here(snapshots.save_snapshot)
    load_snapshot = _here(snapshots.load_snapshot)
    turns_to_compact = _here(compaction.turns_to_compact)
    compact_turn = _here(compaction.compact_turn)

    lock_approval = _here(approvals.lock_approval)
    record_decision = _here(approvals.record_decision)
    decisions_of = _here(approvals.decisions_of)
    settle_approval = _here(approvals.settle_approval)

    record_intent = _here(surfaces.record_intent)
    record_shown = _here(surfaces.record_shown)
    load_surfaces = _here(surfaces.load_surfaces)
    turn_showing = _here(surfaces.turn_showing)

    lock_use = _here(model_use.lock_use)
    save_use = _here(model_use.save_use)
    used_since = _here(model_use.used_since)

    lock_budgets = _here(budgets.lock_budgets)
    save_budgets = _here(budgets.save_budgets)

    tenant_of = _here(people.tenant_of)
    recognise = _here(recognition.recognise)
    workspace_of = _here(people.workspace_of)
    find_by_platform = _here(people.find_by_platform)
    link_platform_user = _here(people.link_platform_user)
    remember_address = _here(people.remember_address)
    address_of = _here(people.address_of)

    async def save_approval(
        self, claim: Claim, turn_id: TurnId, approval: Approval
    ) -> bool:
        """Write the approval as the log has it; False if somebody was faster."""
        return await approvals.save_approval(
            self.conn,
            tenant_id=claim.tenant_id,
            approval_id=approval.approval_id,
            turn_id=turn_id,
            conversation_id=claim.conversation_id,
            call_id=approval.call_id,
            requester_id=approval.requester_id,
            subject=approval.subject,
            facts=approval.facts,
            args_hash=approval.args_hash,
            policy=approval.policy,
            stages=approval.stages,
            stage=approval.stage,
            status=approval.status,
            expires_at=approval.expires_at,
        )

    async def notify(self, tenant: TenantId, conversation_id: ConversationId) -> None:
        """Wake whoever should look at the conversation, once this has committed."""
        if self._notices.open:
            self._due[tenant, conversation_id] = None
        else:
            await wake.notify(self.conn, tenant, conversation_id)

    def committed(self) -> None:
        """Tell what there is to tell."""
        for tenant, conversation_id in self._due:
            self._notices.tell(tenant, conversation_id)

    async def now(self) -> datetime:
        """Return Postgres' time."""
        now = await self.conn.scalar(select(func.clock_timestamp()))
        assert now is not None, "Postgres knows the time"
        return now


class PostgresStore(Store):
    """One database, behind a pool of connections, or two."""

    def __init__(
        self, engine: AsyncEngine, url: str = "", *, door: AsyncEngine | None = None
    ) -> None:
        """Keep the pools.

        Args:
            engine: For transactions.
            door: For those of ingress, which must not wait behind all the others;
                ``None``: they do.
            url: For the connection that listens, which is none of the pool's; empty
                where nobody listens.
        """
        self.engine = engine
        self._door = door or engine
        self._url = url
        self._notices = Notices(engine)

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[PostgresTransaction]:
        opened = connect if point in _ALONE else begin
        engine = self._door if point.startswith("ingress.") else self.engine
        try:
            async with opened(engine) as conn:
                transaction = PostgresTransaction(conn, self._notices)
                yield transaction
            transaction.committed()
        except DBAPIError as error:
            raise StoreRefusedError(f"Postgres refuses: {error.orig}") from error

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        def look() -> None:
            self._notices.reconnected()
            on_connect()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._notices.run(hear))
            await listen(
                self._url,
                [wake.MAIL_CHANNEL],
                lambda _channel, notice: self._notices.hear(notice),
                on_connect=look,
            )
