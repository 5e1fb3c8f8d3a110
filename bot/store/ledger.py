"""The ledger of effects: what happened under which key, at most once each.

The key's row is inserted before the effect, in the same transaction. Who comes second
waits for the first to end, then finds its row; if the first rolled back, it is first.
Settling is one more way to be first: a void row stands where an effect would, so an
effect either happened before its key was settled, or never happens.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import EffectVoidedError
from bot.ports.records import Effect, Filed
from bot.protocol.ids import TenantId
from bot.store.schema_records import effect
from bot.store.statements import statement

_next_reference = statement("next_reference")


VOID = "void"
"""The kind of a row that stands for "did not happen, and never will"."""


async def once(
    conn: AsyncConnection,
    tenant: TenantId,
    *,
    key: str,
    kind: str,
    effect_of: Callable[[], Awaitable[Filed]],
) -> Filed:
    """Run the effect if the key is new; return what it filed, now or then.

    Raises:
        EffectVoidedError: The key was settled before; nothing was done.
    """
    if not await _claim(conn, tenant, key, kind):
        before = await _read(conn, tenant, key)
        if before.kind == VOID:
            raise EffectVoidedError(key)
        assert before.kind == kind, f"key {key} was used for a {before.kind}"
        return Filed(reference=before.reference, created=False)
    filed = await effect_of()
    await conn.execute(
        update(effect)
        .where(effect.c.tenant_id == tenant, effect.c.key == key)
        .values(reference=filed.reference, result={"created": filed.created})
    )
    return filed


async def settle_effect(
    conn: AsyncConnection, tenant: TenantId, key: str
) -> Effect | None:
    """Return what happened under ``key``; if nothing did, nothing ever will.

    Waits for an effect that is under way to be committed or undone.
    """
    if await _claim(conn, tenant, key, VOID):
        return None
    before = await _read(conn, tenant, key)
    return None if before.kind == VOID else before


async def find_effect(
    conn: AsyncConnection, tenant: TenantId, key: str
) -> Effect | None:
    """Return what happened under ``key``, if anything did."""
    found = await _look(conn, tenant, key)
    return None if found is None or found.kind == VOID else found


async def _claim(conn: AsyncConnection, tenant: TenantId, key: str, kind: str) -> bool:
    """Take a key that is new; whether it was."""
    first = await conn.execute(
        insert(effect)
        .values(tenant_id=tenant, key=key, kind=kind)
        .on_conflict_do_nothing()
        .returning(effect.c.key)
    )
    return first.one_or_none() is not None


async def _read(conn: AsyncConnection, tenant: TenantId, key: str) -> Effect:
    found = await _look(conn, tenant, key)
    assert found is not None, "a key in conflict is a committed key"
    return found


async def _look(conn: AsyncConnection, tenant: TenantId, key: str) -> Effect | None:
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
