"""A turn's whole state at a ``seq``, so that it need not be folded from the start."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import Claim, Snapshot
from bot.protocol.ids import TenantId, TurnId
from bot.store.conversations import hold_conversation
from bot.store.direct import direct

_KEPT = 2
"""The newest, and one to fall back to when the newest is damaged."""

_save = direct(
    """
    WITH forgotten AS (
        DELETE FROM snapshot
        WHERE tenant_id = :tenant_id AND turn_id = :turn_id AND seq < (
            SELECT s.seq FROM snapshot AS s
            WHERE s.tenant_id = :tenant_id AND s.turn_id = :turn_id
              AND s.seq < :seq
            ORDER BY s.seq DESC OFFSET CAST(:older AS bigint) LIMIT 1
        )
    )
    INSERT INTO snapshot (tenant_id, turn_id, seq, state, checksum)
    VALUES (:tenant_id, :turn_id, :seq, :state, :checksum)
    ON CONFLICT (tenant_id, turn_id, seq)
    DO UPDATE SET state = excluded.state, checksum = excluded.checksum
    """
)
_load = direct(
    """
    SELECT seq, state, checksum FROM snapshot
    WHERE tenant_id = :tenant_id AND turn_id = :turn_id
      AND seq < coalesce(CAST(:before AS bigint), seq + 1)
    ORDER BY seq DESC LIMIT 1
    """
)


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
    await _save.all(
        conn,
        tenant_id=claim.tenant_id,
        turn_id=turn_id,
        seq=seq,
        state=state_json,
        checksum=checksum,
        older=_KEPT - 2,
    )


async def load_snapshot(
    conn: AsyncConnection,
    tenant: TenantId,
    turn_id: TurnId,
    *,
    before: int | None = None,
) -> Snapshot | None:
    """Return the newest snapshot, or the newest below ``before``, if there is one."""
    row = await _load.one(conn, tenant_id=tenant, turn_id=turn_id, before=before)
    return None if row is None else Snapshot(**row)
