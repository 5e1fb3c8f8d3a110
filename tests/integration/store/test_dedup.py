"""A delivery counts once, under either of its names."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.protocol.ids import TenantId
from bot.store.dedup import first_time, forget_deliveries
from bot.store.engine import begin
from tests.support.store import TENANT, all_of, undone


async def first(
    conn: AsyncConnection,
    delivery_id: str,
    said_key: str,
    *,
    tenant: TenantId = TENANT,
    keep: timedelta = timedelta(days=1),
) -> bool:
    return await first_time(
        conn,
        tenant,
        delivery_id=delivery_id,
        said_key=said_key,
        platform="slack",
        keep=keep,
    )


@pytest.mark.parametrize(
    ("again", "is_first"),
    [
        (("d1", "s1"), False),
        (("d2", "s1"), False),
        (("d1", "s2"), False),
        (("d2", "s2"), True),
        (("s1", "d1"), True),
    ],
)
async def test_a_delivery_counts_once_under_either_name(
    engine: AsyncEngine, again: tuple[str, str], *, is_first: bool
):
    async with begin(engine) as conn:
        assert await first(conn, "d1", "s1")
    async with begin(engine) as conn:
        assert await first(conn, *again) is is_first


async def test_copies_that_come_at_once_count_once(engine: AsyncEngine):
    async def accept(copy: int) -> bool:
        async with begin(engine) as conn:
            return await first(conn, f"d{copy % 4}", "s1")

    assert sum(await all_of(accept(n) for n in range(24))) == 1


async def test_a_delivery_that_rolled_back_may_come_again(engine: AsyncEngine):
    async with undone(engine) as conn:
        assert await first(conn, "d1", "s1")
    async with begin(engine) as conn:
        assert await first(conn, "d1", "s1")


async def test_two_tenants_may_use_the_same_names(engine: AsyncEngine):
    async with begin(engine) as conn:
        assert await first(conn, "d1", "s1")
        assert await first(conn, "d1", "s1", tenant=TenantId("other"))


async def test_names_are_forgotten_when_their_time_is_over(engine: AsyncEngine):
    async with begin(engine) as conn:
        await first(conn, "d1", "s1", keep=timedelta(seconds=-1))
        await first(conn, "d2", "s2")
        assert await forget_deliveries(conn) == 2
        assert await first(conn, "d1", "s1")
        assert not await first(conn, "d2", "s2")
