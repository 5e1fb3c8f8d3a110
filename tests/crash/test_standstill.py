"""What a process holds that stands still in the middle of telling a statement."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StoreUnavailableError
from bot.store import engine as store_engine
from bot.store.direct import driver_of
from bot.store.engine import begin, create_engine

_LOCK = text("SELECT 1 FROM schema_revision FOR UPDATE")


async def _stand_still(still: AsyncEngine, other: AsyncEngine) -> None:
    """Hold a lock, tell half a statement, and let somebody else want the lock."""
    async with begin(still) as conn:
        await conn.execute(_LOCK)
        await driver_of(conn).prepare("SELECT 1")
        async with asyncio.timeout(10), begin(other) as meanwhile:
            await meanwhile.execute(_LOCK)


async def test_half_a_statement_does_not_keep_its_locks_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsed and not bound, Postgres takes it for active: only one limit counts."""
    monkeypatch.setattr(store_engine, "TRANSACTION", timedelta(seconds=0.5))
    still, other = create_engine(database_url), create_engine(database_url)
    try:
        with pytest.raises(StoreUnavailableError):
            await _stand_still(still, other)
    finally:
        await still.dispose()
        await other.dispose()
