"""Who owns a conversation: claims, leases and fences.

A claim is a lease that must be renewed and a fence that only grows. Every write for
the conversation carries the fence; Postgres refuses an old one. All times are the
database's, so workers' clocks do not matter.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LeaseLostError
from bot.ports.rows import Claim, Claimed
from bot.protocol.ids import ConversationId, TenantId
from bot.protocol.inbound import Address
from bot.store.direct import Row, direct, direct_from_file
from bot.store.schema import conversation
from bot.store.wake import notify

_claim_conversations = direct_from_file("claim_conversations")
_claim_one = direct_from_file("claim_one")
_heartbeat = direct_from_file("heartbeat")
_release = direct_from_file("release")
_hold_conversation = direct_from_file("hold_conversation")
_sweep = direct_from_file("sweep")
_fence = direct(
    """
    SELECT fence FROM conversation
    WHERE tenant_id = :tenant_id AND conversation_id = :conversation_id
    """
)


async def claim_conversations(
    conn: AsyncConnection,
    *,
    worker_id: str,
    lease: timedelta,
    generation: int = 0,
    most: int = 1,
) -> Claimed:
    """Take the conversations that have been due longest, of those nobody holds.

    Args:
        conn: The caller's transaction; the claims are valid once it has committed.
        worker_id: Who takes them.
        lease: After this they are anybody's again, unless `heartbeat` extends it.
        generation: Conversations that need a newer one are passed over.
        most: How many are taken at most.
    """
    rows = await _claim_conversations.all(
        conn, worker_id=worker_id, lease=lease, generation=generation, most=most
    )
    return Claimed(
        claims=[_claim(row) for row in rows if row["fence"] is not None],
        next_in=rows[0]["wait"],
    )


async def claim_one(
    conn: AsyncConnection,
    tenant: TenantId,
    conversation_id: str,
    *,
    worker_id: str,
    lease: timedelta,
) -> Claim | None:
    """Take this conversation, if it is due and nobody holds it."""
    row = await _claim_one.one(
        conn,
        tenant_id=tenant,
        conversation_id=conversation_id,
        worker_id=worker_id,
        lease=lease,
    )
    return None if row is None else _claim(row)


async def heartbeat(
    conn: AsyncConnection, claims: Iterable[Claim], lease: timedelta
) -> dict[ConversationId, int]:
    """Extend the leases; return the conversations that are still held.

    Each with the number of its newest mail, consumed or not.
    """
    held = list(claims)
    rows = await _heartbeat.all(
        conn,
        tenants=[claim.tenant_id for claim in held],
        conversations=[claim.conversation_id for claim in held],
        fences=[claim.fence for claim in held],
        lease=lease,
    )
    return {row["conversation_id"]: row["mail_seq"] for row in rows}


async def release(
    conn: AsyncConnection,
    claim: Claim,
    next_due: datetime | None,
    *,
    delay: timedelta = timedelta(0),
    rest: timedelta = timedelta(0),
) -> bool:
    """Give the conversation up; from here on the claim writes nothing.

    With mail left it is due again at once (after ``delay``, for a worker that failed
    and must not try for ever without a pause) and others are woken; without, at
    ``next_due`` (but not within ``rest``), or with the next mail.

    Returns:
        False if somebody else had it already; then nothing changed.
    """
    row = await _release.one(
        conn, **_key(claim), next_due=next_due, delay=delay, rest=rest
    )
    if row is None:
        return False
    _held.pop(conn, None)  # the fence has moved
    if row["has_mail"] and not delay:
        await notify(conn, claim.tenant_id, claim.conversation_id)
    return True


async def hold_conversation(conn: AsyncConnection, claim: Claim) -> None:
    """Keep the claim valid until the end of this transaction.

    Postgres is asked once in a transaction: nobody else can change a row that is locked.

    Raises:
        LeaseLostError: It is not valid any more.
    """
    if is_held(conn, claim):
        return
    if await _hold_conversation.one(conn, **_key(claim)) is None:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    note_held(conn, claim)


def is_held(conn: AsyncConnection, claim: Claim) -> bool:
    """Return whether this transaction is known to keep the claim valid."""
    return _proof(claim) in _held.get(conn, ())


def note_held(conn: AsyncConnection, claim: Claim) -> None:
    """Remember that this transaction has locked the conversation under the claim."""
    _held.setdefault(conn, set()).add(_proof(claim))


def _proof(claim: Claim) -> tuple[str, str, int]:
    return claim.tenant_id, claim.conversation_id, claim.fence


_held: WeakKeyDictionary[AsyncConnection, set[tuple[str, str, int]]]
_held = WeakKeyDictionary()
"""By transaction: each takes a connection anew."""


async def require_generation(
    conn: AsyncConnection, claim: Claim, generation: int
) -> None:
    """Let only workers of at least this generation claim the conversation.

    Raises:
        LeaseLostError: It is not valid any more; nothing was written.
    """
    raised = await conn.execute(
        update(conversation)
        .where(
            conversation.c.tenant_id == claim.tenant_id,
            conversation.c.conversation_id == claim.conversation_id,
            conversation.c.fence == claim.fence,
        )
        .values(needs=func.greatest(conversation.c.needs, generation))
    )
    if not raised.rowcount:
        raise LeaseLostError(claim.conversation_id, fence=claim.fence)


async def sweep(
    conn: AsyncConnection, grace: timedelta, limit: int
) -> list[ConversationId]:
    """Wake conversations with a turn whose deadline passed ``grace`` ago.

    One that nobody holds becomes due. One whose owner has had it for ``grace`` and
    more is taken from that owner: its fence grows, and it is due. Where an owner has
    not written down since when it has it, that counts from now.
    """
    rows = await _sweep.all(conn, grace=grace, limit=limit)
    found = [(row["tenant_id"], row["conversation_id"]) for row in rows]
    for tenant, conversation_id in found:
        await notify(conn, tenant, conversation_id)
    return [conversation_id for _, conversation_id in found]


async def conversation_fence_ok(conn: AsyncConnection, claim: Claim) -> bool:
    """Return whether the claim is valid now; it may not be a moment later."""
    row = await _fence.one(
        conn, tenant_id=claim.tenant_id, conversation_id=claim.conversation_id
    )
    return row is not None and row["fence"] == claim.fence


def _key(claim: Claim) -> dict[str, object]:
    return {
        "tenant_id": claim.tenant_id,
        "conversation_id": claim.conversation_id,
        "fence": claim.fence,
    }


def _claim(row: Row) -> Claim:
    address = row["address"]
    return Claim(
        tenant_id=row["tenant_id"],
        conversation_id=row["conversation_id"],
        fence=row["fence"],
        address=None
        if address is None
        else Address.model_validate(address, extra="ignore"),
    )
