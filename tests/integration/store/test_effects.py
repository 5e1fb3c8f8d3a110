"""Effects on Postgres, cut off in the middle: they happened, or they never will.

A seat waits for the row of its resource, so whoever holds that row stops an effect
between its key and its end.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import EffectVoidedError
from bot.ports.records import Filed
from bot.store.engine import begin
from bot.store.people import sync_company
from bot.store.records import PostgresRecords
from bot.store.schema_records import (
    access_grant,
    audit,
    effect,
    hardware_order,
    password_reset,
    reference_counter,
    resource,
    ticket,
    waitlist_entry,
)
from tests.support.offices import EFFECTS, give
from tests.support.store import TENANT, all_of, somebody_waits
from tests.support.workshop import ARTICLES, DRAW, WORKSHOP

MARKS = (
    *(access_grant, hardware_order, password_reset, ticket, waitlist_entry),
    *(audit, reference_counter),
)
"""Where an effect leaves something, apart from the ledger."""


@pytest_asyncio.fixture
async def records(engine: AsyncEngine) -> PostgresRecords:
    async with begin(engine) as conn:
        await sync_company(conn, TENANT, WORKSHOP, ARTICLES)
    return PostgresRecords(engine)


@asynccontextmanager
async def halted(engine: AsyncEngine) -> AsyncGenerator[None]:
    """Hold every effect on a seat up inside its transaction."""
    async with begin(engine) as conn:
        row = select(resource.c.resource_id).where(resource.c.resource_id == DRAW)
        await conn.execute(row.with_for_update())
        yield


async def both_wait(engine: AsyncEngine) -> None:
    """Return once a second statement, too, waits: for the transaction of the first."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"
        " AND query ILIKE 'INSERT%' AND datname = current_database()"
    )
    async with asyncio.timeout(30), engine.connect() as conn:
        while not await conn.scalar(waiting):
            await conn.rollback()


async def rows_in(engine: AsyncEngine, *tables: Table) -> int:
    async with begin(engine) as conn:
        counts = [
            await conn.scalar(select(func.count()).select_from(table))
            for table in tables
        ]
    return sum(count or 0 for count in counts)


async def test_settling_waits_for_an_effect_that_is_under_way(
    engine: AsyncEngine, records: PostgresRecords
) -> None:
    async with asyncio.TaskGroup() as group, halted(engine):
        giving = group.create_task(give(records, "k"))
        await somebody_waits(engine)
        settling = group.create_task(records.settle_effect(TENANT, "k"))
        await both_wait(engine)
        assert not settling.done()
    settled = settling.result()
    assert settled is not None
    assert settled.reference == giving.result().reference


async def test_an_effect_that_is_cancelled_leaves_nothing_and_can_be_voided(
    engine: AsyncEngine, records: PostgresRecords
) -> None:
    async with asyncio.TaskGroup() as group, halted(engine):
        giving = group.create_task(give(records, "k"))
        await somebody_waits(engine)
        giving.cancel()
    assert giving.cancelled()
    assert await records.settle_effect(TENANT, "k") is None
    assert await rows_in(engine, *MARKS) == 0
    with pytest.raises(EffectVoidedError):
        await give(records, "k")


@pytest.mark.parametrize("kind", EFFECTS)
async def test_who_comes_after_the_settling_leaves_no_mark(
    engine: AsyncEngine, records: PostgresRecords, kind: str
) -> None:
    await records.settle_effect(TENANT, "k")
    with pytest.raises(EffectVoidedError):
        await EFFECTS[kind](records, "k")
    assert await rows_in(engine, *MARKS) == 0
    assert await rows_in(engine, effect) == 1


@pytest.mark.parametrize("kind", ["order", "reset", "ticket"])
async def test_of_many_effects_settled_at_once_the_ledger_tells_the_truth(
    engine: AsyncEngine, records: PostgresRecords, kind: str
) -> None:
    async def late(key: str) -> Filed | None:
        try:
            return await EFFECTS[kind](records, key)
        except EffectVoidedError:
            return None

    async def race(key: str) -> bool:
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(late(key)) for _ in "ab"]
            settling = group.create_task(records.settle_effect(TENANT, key))
        settled = settling.result()
        for filed in (one.result() for one in tries):
            assert (filed is None) == (settled is None)
            assert filed is None or (settled and filed.reference == settled.reference)
        return settled is not None

    happened = sum(await all_of(race(f"k{number}") for number in range(40)))
    table = {"order": hardware_order, "reset": password_reset, "ticket": ticket}[kind]
    assert await rows_in(engine, table) == happened
    assert await rows_in(engine, audit) == happened
    assert await rows_in(engine, effect) == 40
