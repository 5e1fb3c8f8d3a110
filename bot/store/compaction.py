"""Take the text out of finished turns' logs: their last snapshot has it.

What was asked, replied, decided and done stays for the audit; only the pieces in
which text streamed in are removed.
"""

from datetime import timedelta

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import StoredTurn
from bot.protocol.ids import TenantId, TurnId
from bot.store.log import STORED, stored
from bot.store.schema import snapshot, turn, turn_event

_TEXT = ("item.appended", "item.replaced")
"""Event types that carry nothing but text."""

_HAS_SNAPSHOT = exists().where(
    snapshot.c.tenant_id == turn.c.tenant_id,
    snapshot.c.turn_id == turn.c.turn_id,
    snapshot.c.seq == turn.c.last_seq,
)


async def turns_to_compact(
    conn: AsyncConnection, age: timedelta, limit: int
) -> list[StoredTurn]:
    """Return shown turns that ended ``age`` ago and still have their text events."""
    rows = await conn.execute(
        select(*STORED)
        .where(
            turn.c.ended_at <= func.statement_timestamp() - age,
            ~turn.c.is_open,
            turn.c.compacted_seq == 0,
            turn.c.degraded == "",
            _HAS_SNAPSHOT,
        )
        .order_by(turn.c.ended_at)
        .limit(limit)
    )
    return [stored(row) for row in rows.mappings()]


async def compact_turn(
    conn: AsyncConnection, tenant: TenantId, turn_id: TurnId, upto: int
) -> int:
    """Remove the text events up to ``upto``; return how many.

    Nothing happens unless the turn has ended at ``upto`` and has a snapshot there.
    """
    marked = await conn.scalar(
        update(turn)
        .where(
            and_(turn.c.tenant_id == tenant, turn.c.turn_id == turn_id),
            turn.c.ended_at.is_not(None),
            turn.c.last_seq == upto,
            _HAS_SNAPSHOT,
        )
        .values(compacted_seq=upto)
        .returning(turn.c.turn_id)
    )
    if marked is None:
        return 0
    gone = await conn.execute(
        delete(turn_event).where(
            turn_event.c.tenant_id == tenant,
            turn_event.c.turn_id == turn_id,
            turn_event.c.seq <= upto,
            turn_event.c.type.in_(_TEXT),
        )
    )
    return gone.rowcount
