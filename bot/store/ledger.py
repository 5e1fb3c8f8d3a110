"""The ledger of effects: what happened under which key, at most once each.

The key's row is inserted before the effect, in the same transaction. Who comes second
waits for the first to end, then finds its row; if the first rolled back, it is first.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.records import Effect, Filed
from bot.protocol.ids import TenantId
from bot.store.schema_records import effect
from bot.store.statements import statement

_next_reference = statement("next_reference")


async def once(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    key: str,
    kind: str,
    effect_of: Callable[[], Awaitable[Filed]],
) -> Filed:
    """Run the effect if the key is new; return what it filed, now or then."""
    first = await conn.execute(
        insert(effect)
        .values(tenant_id=tenant, key=key, kind=kind)
        .on_conflict_do_nothing()
        .returning(effect.c.key)
    )
    if first.one_or_none() is None:
        before = await find_effect(conn, tenant, key)
        assert before is not None, "a key in conflict is a committed key"
        assert before.kind == kind, f"key {key} was used for a {before.kind}"
        return Filed(reference=before.reference, created=False)
    filed = await effect_of()
    await conn.execute(
        update(effect)
        .where(effect.c.tenant_id == tenant, effect.c.key == key)
        .values(reference=filed.reference, result={"created": filed.created})
    )
    return filed


async def find_effect(
    conn: AsyncConnection, tenant: TenantId, key: str
) -> Effect | None:
    """Return what happened under ``key``, if anything did."""
    rows = await conn.execute(
        select(effect.c.key, effect.c.kind, effect.c.reference, effect.c.at).where(
            effect.c.tenant_id == tenant, effect.c.key == key
        )
    )
    row = rows.one_or_none()
    if row is None:
        return None
    return Effect(key=row.key, kind=row.kind, reference=row.reference, at=row.at)


async def next_reference(
    conn: AsyncConnection, tenant: TenantId, prefix: str, *, first: int = 1
) -> str:
    """Return the next of the tenant's references with this prefix: ``IT-7``."""
    rows = await conn.execute(
        _next_reference, {"tenant_id": tenant, "prefix": prefix, "first": first}
    )
    return f"{prefix}-{rows.scalar_one()}"
