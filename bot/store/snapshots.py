"""A turn's whole state at a ``seq``, so that it need not be folded from the start."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import Claim, Snapshot
from bot.protocol.ids import TenantId, TurnId
from bot.store.conversations import hold_conversation
from bot.store.schema import snapshot

_KEPT = 2
"""The newest, and one to fall back to when the newest is damaged."""


async def save_snapshot(  # noqa: PLR0917 - the row, in its order
    conn: AsyncConnection,
    claim: Claim,
    turn_id: TurnId,
    seq: int,
    state_json: str,
    checksum: str,
) -> None:
    """Keep the turn's state at ``seq``, and of older snapshots only the last.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    saved = {"state": state_json, "checksum": checksum}
    await conn.execute(
        insert(snapshot)
        .values(tenant_id=claim.tenant_id, turn_id=turn_id, seq=seq, **saved)
        .on_conflict_do_update(
            index_elements=[snapshot.c.tenant_id, snapshot.c.turn_id, snapshot.c.seq],
            set_=saved,
        )
    )
    of_turn = (snapshot.c.tenant_id == claim.tenant_id, snapshot.c.turn_id == turn_id)
    oldest_kept = (
        select(snapshot.c.seq)
        .where(*of_turn)
        .order_by(snapshot.c.seq.desc())
        .offset(_KEPT - 1)
        .limit(1)
        .scalar_subquery()
    )
    await conn.execute(delete(snapshot).where(*of_turn, snapshot.c.seq < oldest_kept))


async def load_snapshot(
    conn: AsyncConnection,
    tenant: TenantId,
    turn_id: TurnId,
    *,
    before: int | None = None,
) -> Snapshot | None:
    """Return the newest snapshot, or the newest below ``before``, if there is one."""
    newest = (
        select(snapshot.c.seq, snapshot.c.state, snapshot.c.checksum)
        .where(snapshot.c.tenant_id == tenant, snapshot.c.turn_id == turn_id)
        .order_by(snapshot.c.seq.desc())
        .limit(1)
    )
    if before is not None:
        newest = newest.where(snapshot.c.seq < before)
    row = (await conn.execute(newest)).one_or_none()
    if row is None:
        return None
    return Snapshot(seq=row.seq, state=row.state, checksum=row.checksum)
