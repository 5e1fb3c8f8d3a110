"""Migrations: what they make is what the tables in `bot.store` say."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.columns import metadata
from bot.store.engine import begin, create_engine
from bot.store.migrate import VERSION_TABLE, migrate, pending
from bot.store.schema_records import audit

_CATALOG = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT attrelid::regclass::text, attname, concat_ws(
    ' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
    pg_get_expr(adbin, adrelid)
)
FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
WHERE attrelid IN (
    SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r'
) AND attnum > 0
UNION ALL
SELECT relname, 'with', array_to_string(reloptions, ' ') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""

EVERY = [
    "0001_initial",
    "0002_completion",
    "0003_budgets",
    "0004_claimed_as",
    "0005_knowledge",
    "0006_model_use",
    "0007_scim",
    "0008_tickets",
    "0009_endings",
]


async def catalog_of(conn: AsyncConnection) -> set[tuple[str, str, str]]:
    rows = await conn.execute(text(_CATALOG))
    return {tuple(row) for row in rows if row[0] != VERSION_TABLE}


def differences(conn: Connection) -> list[object]:
    context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE})
    return list(compare_metadata(context, metadata))


async def test_the_migrated_schema_is_the_declared_one(engine: AsyncEngine):
    async with begin(engine) as conn:
        assert await conn.run_sync(differences) == []


async def test_the_migrated_catalog_is_the_declared_one(
    engine: AsyncEngine, empty_database_url: str
):
    """Alembic compares neither checks nor expressions; Postgres' own words do."""
    declared = create_engine(empty_database_url)
    async with begin(declared) as conn:
        await conn.run_sync(metadata.create_all)
        expected = await catalog_of(conn)
    await declared.dispose()
    async with begin(engine) as conn:
        assert await catalog_of(conn) ^ expected == set()


async def test_audit_rows_cannot_be_changed(engine: AsyncEngine):
    row: dict[str, object] = {"tenant_id": "t", "who": "w", "what": "x", "detail": {}}
    async with begin(engine) as conn:
        await conn.execute(audit.insert().values(row))
        with pytest.raises(DBAPIError, match="never changed or removed"):
            await conn.execute(audit.delete())
        await conn.rollback()


async def test_an_empty_database_lacks_every_revision(empty_database_url: str):
    assert await pending(empty_database_url) == EVERY


async def test_migrating_again_does_nothing(database_url: str):
    assert await pending(database_url) == []
    assert await migrate(database_url) == []


async def test_of_replicas_that_start_at_once_one_migrates(empty_database_url: str):
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(migrate(empty_database_url)) for _ in range(4)]
    assert sorted(run.result() for run in runs) == [
        [],
        [],
        [],
        EVERY,
    ]
