"""Statements about conversations, their mail and their deliveries.

As in `bot/store/conversations.py`, `mailbox.py` and `dedup.py`, and their SQL.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import LeaseLostError
from bot.ports.rows import Claim, Claimed, Mail
from bot.protocol.ids import ConversationId, PlatformName, TenantId
from bot.protocol.inbound import Address
from tests.simulation.database import Session
from tests.simulation.json_text import check_json
from tests.simulation.tables import ConversationKey, ConversationRecord

KEEP = timedelta(days=7)
"""How long names of deliveries are remembered."""


def key_of(claim: Claim) -> ConversationKey:
    """Return which conversation a claim is for."""
    return claim.tenant_id, claim.conversation_id


async def hold(s: Session, claim: Claim) -> ConversationRecord:
    """Lock the claim's conversation until the transaction ends.

    Raises:
        LeaseLostError: The claim is not valid any more.
    """
    table, key = s.tables.conversation, key_of(claim)
    for locked in (False, True):  # seen to be old, it is not waited for
        row = await s.lock(table, key) if locked else s.get(table, key)
        if row is None or row.fence != claim.fence:
            raise LeaseLostError(claim.conversation_id, fence=claim.fence)
    assert row is not None, "looked at above"
    return row


# ---------------------------------------------------------------------- conversations


async def claim_conversations(
    s: Session, *, worker_id: str, lease: timedelta, generation: int, most: int
) -> Claimed:
    """Take the conversations that have been due longest, of those nobody holds."""
    table = s.tables.conversation
    fit = [
        (row.claimable_at, key, row.worker_id)
        for key, row in s.rows(table).items()
        if row.claimable_at is not None and row.needs <= generation
    ]
    coming = [at for at, _, by in fit if at > s.now and by != worker_id]
    claims: list[Claim] = []
    for at, key, _ in sorted(fit, key=lambda one: one[0]):
        if at > s.now or len(claims) == most:
            break
        if not s.try_lock(table, key):
            continue
        row = s.get(table, key)
        assert row is not None, "found above"
        taken = replace(
            row,
            fence=row.fence + 1,
            worker_id=worker_id,
            claimed_at=s.now,
            claimed_as=row.fence + 1,
            lease_until=s.now + lease,
        )
        s.put(table, key, taken)
        tenant, conversation = key
        claims.append(
            Claim(
                tenant_id=tenant,
                conversation_id=conversation,
                fence=taken.fence,
                address=taken.address,
            )
        )
    next_in = min(coming) - s.now if coming else None
    return Claimed(claims=claims, next_in=next_in)


async def heartbeat(
    s: Session, claims: Sequence[Claim], lease: timedelta
) -> dict[ConversationId, int]:
    """Extend the leases, but for rows that somebody has locked; which are held."""
    table = s.tables.conversation
    held: dict[ConversationId, int] = {}
    for claim in sorted(claims, key=key_of):
        row = s.get(table, key_of(claim))
        if row is None or row.fence != claim.fence:
            continue
        held[claim.conversation_id] = row.mail_seq
        if s.try_lock(table, key_of(claim)):
            s.put(table, key_of(claim), replace(row, lease_until=s.now + lease))
    return held


async def release(
    s: Session,
    claim: Claim,
    next_due: datetime | None,
    *,
    delay: timedelta = timedelta(0),
    rest: timedelta = timedelta(0),
) -> bool:
    """Give the conversation up; whether it still was the claim's."""
    try:
        row = await hold(s, claim)
    except LeaseLostError:
        return False
    has_mail = row.mail_seq > row.consumed
    due_at = None if next_due is None else max(next_due, s.now + rest)
    freed = replace(
        row,
        fence=row.fence + 1,
        lease_until=None,
        worker_id=None,
        claimed_at=None,
        due_at=s.now + delay if has_mail else due_at,
    )
    s.put(s.tables.conversation, key_of(claim), freed)
    if has_mail and not delay:
        await notify(s, claim.tenant_id, claim.conversation_id)
    return True


async def require_generation(s: Session, claim: Claim, generation: int) -> None:
    """Let only workers of at least this generation claim the conversation."""
    row = await hold(s, claim)
    needs = max(row.needs, generation)
    s.put(s.tables.conversation, key_of(claim), replace(row, needs=needs))


async def fence_ok(s: Session, claim: Claim) -> bool:
    """Return whether the claim is valid now."""
    row = s.get(s.tables.conversation, key_of(claim))
    return row is not None and row.fence == claim.fence


async def sweep(s: Session, grace: timedelta, limit: int) -> list[ConversationId]:
    """Wake conversations with a turn whose deadline passed ``grace`` ago."""
    table = s.tables.conversation
    overdue = {
        (tenant, turn.conversation_id)
        for (tenant, _), turn in s.rows(s.tables.turn).items()
        if turn.wake_at is not None and turn.wake_at <= s.now - grace
    }
    woken: list[ConversationId] = []
    for key in sorted(overdue):
        row = s.get(table, key)
        if len(woken) == limit or row is None or not _is_stuck(row, s.now, grace):
            continue
        if not s.try_lock(table, key):
            continue
        if row.lease_until is not None and not _is_known(row):
            noted = replace(row, claimed_at=s.now, claimed_as=row.fence)
            s.put(table, key, noted)
            continue
        freed = replace(
            row,
            fence=row.fence + (row.lease_until is not None),
            lease_until=None,
            worker_id=None,
            claimed_at=None,
            due_at=s.now,
        )
        s.put(table, key, freed)
        await notify(s, *key)
        woken.append(key[1])
    return woken


def _is_stuck(row: ConversationRecord, now: datetime, grace: timedelta) -> bool:
    """Whether nobody sees to it, or somebody has for longer than the grace."""
    if row.lease_until is None:
        return row.due_at is None or row.due_at > now + grace
    return not _is_known(row) or row.claimed_at is None or row.claimed_at <= now - grace


def _is_known(row: ConversationRecord) -> bool:
    """Whether its owner has written down when it claimed."""
    return row.claimed_at is not None and row.claimed_as == row.fence


# -------------------------------------------------------------------------------- mail


async def first_time(
    s: Session,
    tenant: TenantId,
    *,
    delivery_id: str,
    said_key: str,
    platform: PlatformName,
    keep: timedelta = KEEP,
) -> bool:
    """Note both names of a delivery; whether both were new."""
    new = 0
    for naming, name in (("delivery", delivery_id), ("said", said_key)):
        key = (tenant, platform, naming, name)
        if await s.take_key(s.tables.delivery_seen, key):
            s.put(s.tables.delivery_seen, key, s.now + keep)
            new += 1
    return new == len(("delivery", "said"))


async def forget_deliveries(s: Session) -> int:
    """Forget names whose time is over; how many."""
    table = s.tables.delivery_seen
    over = [key for key, until in s.rows(table).items() if until < s.now]
    gone = 0
    for key in over:
        if await s.lock(table, key) is not None:
            s.remove(table, key)
            gone += 1
    return gone


async def deliver(  # noqa: PLR0917 - in the order of an envelope
    s: Session,
    tenant: TenantId,
    conversation_id: ConversationId,
    address: Address | None,
    kind: str,
    body: str,
) -> int:
    """Put a JSON document into a conversation and return its number."""
    check_json(body)
    key = (tenant, conversation_id)
    row = await s.lock(s.tables.conversation, key) or ConversationRecord()
    seq = row.mail_seq + 1
    due_at = s.now if row.due_at is None else min(row.due_at, s.now)
    due = replace(row, mail_seq=seq, due_at=due_at, address=address or row.address)
    s.put(s.tables.conversation, key, due)
    mail = Mail(mail_seq=seq, kind=kind, body=body, at=s.started)
    s.put(s.tables.mailbox, (*key, seq), mail)
    return seq


async def notify(s: Session, tenant: TenantId, conversation_id: ConversationId) -> None:
    """Wake whoever should look at the conversation, when this commits."""
    s.notices[tenant, conversation_id] = None


async def read_mail(s: Session, claim: Claim) -> list[Mail]:
    """Return what the conversation has not consumed, oldest first."""
    rows = s.rows(s.tables.mailbox, claim.tenant_id, claim.conversation_id)
    return [rows[key] for key in sorted(rows)]


async def consume(s: Session, claim: Claim, *mail_seqs: int) -> int:
    """Remove mail, in any order, and return how much is left."""
    row = await hold(s, claim)
    gone = 0
    for seq in mail_seqs:
        key = (*key_of(claim), seq)
        if s.get(s.tables.mailbox, key) is not None:
            s.remove(s.tables.mailbox, key)
            gone += 1
    less = replace(row, consumed=row.consumed + gone)
    s.put(s.tables.conversation, key_of(claim), less)
    return less.mail_seq - less.consumed
