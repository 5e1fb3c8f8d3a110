"""What store tests begin with: a tenant, a conversation with mail, a claim."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.protocol.ids import ConversationId, PersonId, TenantId, TurnId
from bot.protocol.inbound import Address
from bot.protocol.values import Requester
from bot.store.conversations import Claim, claim_one
from bot.store.engine import begin
from bot.store.log import Append, create_turn
from bot.store.mailbox import deliver

_T = TypeVar("_T")

TENANT = TenantId("acme")
LEASE = timedelta(seconds=30)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_threads = count(1)


def address(thread: str = "") -> Address:
    return Address(
        platform="slack",
        workspace="T1",
        channel="C1",
        thread=thread or f"1700000000.{next(_threads):06}",
    )


async def send(
    engine: AsyncEngine, to: Address, body: str = "{}", *, kind: str = "said"
) -> int:
    """Deliver one piece of mail in a transaction of its own."""
    async with begin(engine) as conn:
        return await deliver(conn, TENANT, to.conversation_id, to, kind, body)


async def claim(
    engine: AsyncEngine,
    conversation_id: ConversationId,
    *,
    worker_id: str = "w1",
    lease: timedelta = LEASE,
) -> Claim | None:
    """Try to claim a conversation in a transaction of its own."""
    async with begin(engine) as conn:
        return await claim_one(
            conn, TENANT, conversation_id, worker_id=worker_id, lease=lease
        )


async def own(engine: AsyncEngine, *, lease: timedelta = LEASE) -> Claim:
    """Make a conversation with one piece of mail, and claim it."""
    to = address()
    await send(engine, to)
    claimed = await claim(engine, to.conversation_id, lease=lease)
    assert claimed is not None
    return claimed


async def start(
    engine: AsyncEngine, claimed: Claim, turn_id: str, *, at: datetime = NOW
) -> TurnId:
    """Make a turn without events."""
    async with begin(engine) as conn:
        await create_turn(
            conn,
            claimed,
            turn_id=TurnId(turn_id),
            requester=Requester(person_id=PersonId("maya.chen"), name="Maya"),
            text="hello",
            at=at,
        )
    return TurnId(turn_id)


def events(
    claimed: Claim, turn_id: TurnId, first_seq: int = 1, *, many: int = 1
) -> Append:
    """Return an append of ``many`` small events."""
    return Append(
        claim=claimed,
        turn_id=turn_id,
        first_seq=first_seq,
        bodies=[f'{{"n": {first_seq + n}}}' for n in range(many)],
        types=["item.appended"] * many,
        at=NOW,
    )


async def all_of(calls: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Run everything at once and return the results in order."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call) for call in calls]
    return [task.result() for task in tasks]


class _UndoneError(Exception):
    """Raised to roll a transaction back."""


@asynccontextmanager
async def undone(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction that is rolled back at the end of the block."""
    with suppress(_UndoneError):
        async with begin(engine) as conn:
            yield conn
            raise _UndoneError


async def somebody_waits(engine: AsyncEngine) -> None:
    """Return once a statement on this database waits for a lock.

    Asked again and again, because Postgres tells it to nobody who does not ask.
    """
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(30), engine.connect() as conn:
        while not await conn.scalar(waiting):
            await conn.rollback()
