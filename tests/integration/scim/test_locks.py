"""Changes of one tenant's people and groups wait in one order, so never in a circle."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.engine import begin, connect
from bot.store.pushed import lock_directory, rejoin
from bot.store.schema import tenant
from bot.store.schema_pushed import pushed_person
from tests.integration.scim.conftest import FILE, House


@dataclass(frozen=True, slots=True)
class Noted:
    """What was sent to Postgres."""

    statements: list[str] = field(default_factory=list[str])
    locking: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the tenant is about to be locked, or a person has been."""

    def first_lock(self) -> str:
        """Return the first statement that locks rows, on one line."""
        return next(
            " ".join(text.split())
            for text in self.statements
            if "FOR " in text.upper().partition("FROM ")[2]
            or text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
        )


@contextmanager
def noted(engine: AsyncEngine) -> Generator[Noted]:
    seen = Noted()

    def sent(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.statements.append(statement)
        if "FROM tenant" in statement and "FOR NO KEY" in statement:
            seen.locking.set()

    def done(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM pushed_person" in statement and "FOR UPDATE" in statement:
            seen.locking.set()

    event.listen(engine.sync_engine, "before_cursor_execute", sent)
    event.listen(engine.sync_engine, "after_cursor_execute", done)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", sent)
        event.remove(engine.sync_engine, "after_cursor_execute", done)


CHANGED = {"Operations": [{"op": "replace", "path": "title", "value": "Lead"}]}
RENAMED = {"Operations": [{"op": "replace", "path": "displayName", "value": "Y"}]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", {"userName": "new@x.example"}, 201),
        ("PATCH", "/Users/{person}", CHANGED, 200),
        ("DELETE", "/Users/{person}", None, 204),
        ("POST", "/Groups", {"displayName": "Z"}, 201),
        ("PATCH", "/Groups/{group}", RENAMED, 200),
        ("DELETE", "/Groups/{group}", None, 204),
    ],
)
async def test_whoever_changes_something_locks_the_tenant_before_all_else(
    house: House, method: str, path: str, body: object, status: int
):
    person = await house.push("zoe@x.example")
    members = [{"value": person}]
    made = await house.call(
        "POST", "/Groups", {"displayName": "X", "members": members}, status=201
    )
    path = path.format(person=person, group=made["id"])
    with noted(house.engine) as seen:
        await house.call(method, path, body, status=status)
    assert "UPDATE tenant" in seen.first_lock() or "FROM tenant" in seen.first_lock()


async def test_who_is_changed_while_a_group_takes_them_in_waits_in_no_circle(
    house: House,
):
    person = await house.push("zoe@x.example")
    async with begin(house.engine) as conn:
        # As a group's push does: first the tenant, then the member's key.
        await lock_directory(conn, house.tenant)
        with noted(house.engine) as seen:
            patch = house.call("PATCH", f"/Users/{person}", CHANGED)
            changing = asyncio.create_task(patch)
            await seen.locking.wait()
        await conn.execute(
            select(pushed_person.c.scim_id)
            .where(pushed_person.c.scim_id == person)
            .with_for_update(read=True, key_share=True)
        )
    assert (await changing)["title"] == "Lead"


async def test_a_start_locks_the_tenant_before_it_reads_who_was_pushed(house: House):
    await house.push("zoe@x.example")
    with noted(house.engine) as seen:
        async with begin(house.engine) as conn:
            await rejoin(conn, house.tenant, FILE)
    assert "FROM tenant" in seen.statements[0] and "FOR NO KEY" in seen.statements[0]


async def test_a_change_that_changes_nothing_lets_nobody_read_again(house: House):
    async def counted() -> int | None:
        query = select(tenant.c.directory).where(tenant.c.tenant_id == house.tenant)
        async with connect(house.engine) as conn:
            return await conn.scalar(query)

    person = await house.push("zoe@x.example", title="Lead")
    before = await counted()
    await house.call("PATCH", f"/Users/{person}", CHANGED)
    assert await counted() == before
