"""Rows of pushed people and groups as the port's values."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.provisioning import Kept, Page

WHO = "scim"
"""Who did it, in the audit: whoever has the token."""


async def page_of(
    conn: AsyncConnection,
    table: Table,
    tests: Sequence[ColumnElement[bool]],
    *,
    start: int,
    count: int,
) -> Page:
    """Return a part of the rows that pass all ``tests``, the oldest first."""
    total = await conn.scalar(select(func.count()).select_from(table).where(*tests))
    rows = await conn.execute(
        select(*table.c)
        .where(*tests)
        .order_by(table.c.created_at, table.c.scim_id)
        .offset(start - 1)
        .limit(count)
    )
    return Page(total=total or 0, found=[kept_from(row) for row in rows.mappings()])


def kept_from(row: RowMapping) -> Kept:
    """Return the resource that a row describes, without members."""
    return Kept(
        id=row["scim_id"],
        body=row["body"],
        members=(),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
