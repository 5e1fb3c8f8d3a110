"""Snapshots: the newest, and one to fall back to."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LeaseLostError
from bot.store.engine import begin
from bot.store.schema import snapshot
from bot.store.snapshots import Snapshot, load_snapshot, save_snapshot
from tests.support.store import TENANT, claim, own, start


async def test_the_newest_snapshot_is_loaded_as_it_was_written(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    state = '{"z": 1, "a": "\\u0000"}'
    async with begin(engine) as conn:
        await save_snapshot(conn, held, turn_id, 10, "{}", "old")
        await save_snapshot(conn, held, turn_id, 20, state, "sum")
        assert await load_snapshot(conn, TENANT, turn_id) == Snapshot(
            seq=20, state=state, checksum="sum"
        )


async def test_a_damaged_one_has_one_before_it_and_no_more_are_kept(
    engine: AsyncEngine,
):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    async with begin(engine) as conn:
        for seq in (10, 20, 30):
            await save_snapshot(conn, held, turn_id, seq, "{}", f"at {seq}")
        before = await load_snapshot(conn, TENANT, turn_id, before=30)
        assert before is not None
        assert before.seq == 20
        assert await load_snapshot(conn, TENANT, turn_id, before=20) is None
        assert await conn.scalar(select(func.count()).select_from(snapshot)) == 2


async def test_a_snapshot_of_the_same_seq_replaces_the_old(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    async with begin(engine) as conn:
        await save_snapshot(conn, held, turn_id, 10, "{}", "first")
        await save_snapshot(conn, held, turn_id, 10, "{}", "second")
        loaded = await load_snapshot(conn, TENANT, turn_id)
    assert loaded is not None
    assert loaded.checksum == "second"


async def test_an_old_owner_saves_no_snapshot(engine: AsyncEngine):
    dead = await own(engine, lease=timedelta(0))
    turn_id = await start(engine, dead, "t")
    await claim(engine, dead.conversation_id, worker_id="w2")
    async with begin(engine) as conn:
        with pytest.raises(LeaseLostError):
            await save_snapshot(conn, dead, turn_id, 1, "{}", "sum")
