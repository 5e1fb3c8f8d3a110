"""Surfaces: intended before posted, and only by the owner."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import LeaseLostError
from bot.ports.surface import Receipt
from bot.protocol.ids import PersonId, SurfaceId, TurnId
from bot.protocol.inbound import Address
from bot.store.conversations import Claim
from bot.store.engine import begin
from bot.store.surfaces import (
    SurfaceRow,
    load_surfaces,
    plan_surface,
    record_intent,
    record_receipt,
    record_shown,
)
from tests.support.store import TENANT, address, claim, own, start

SURFACE = SurfaceId("s1")
PLACE = address("1.0")
SHOWN = Receipt(message_id="2.0", address=PLACE)


async def intend(conn: AsyncConnection, held: Claim, place: Address = PLACE):
    return await record_intent(
        conn,
        held,
        surface_id=SURFACE,
        turn_id=TurnId("t"),
        role="progress",
        person_id=PersonId(""),
        address=place,
    )


async def receive(conn: AsyncConnection, held: Claim, *, seq: int = 3):
    await record_receipt(
        conn, held, surface_id=SURFACE, receipt=SHOWN, digest="d1", seq=seq
    )


async def only(conn: AsyncConnection) -> SurfaceRow:
    [row] = await load_surfaces(conn, TENANT, TurnId("t"))
    return row


async def test_an_intended_surface_has_no_receipt(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        at = await intend(conn, held)
        row = await only(conn)
    assert (row.intent_at, row.receipt, row.address) == (at, None, PLACE)


async def test_a_posted_surface_has_a_receipt_and_what_it_shows(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        await intend(conn, held)
        await receive(conn, held)
        row = await only(conn)
    assert (row.receipt, row.shown_digest, row.shown_seq) == (SHOWN, "d1", 3)


async def test_a_second_intent_forgets_the_message_that_had_gone(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        first = await intend(conn, held)
        await receive(conn, held)
        second = await intend(conn, held, address("9.0"))
        row = await only(conn)
    assert row.receipt is None
    assert row.address == address("9.0")
    assert second > first


async def test_a_surface_stays_closed_and_never_shows_less(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        await intend(conn, held)
        await receive(conn, held, seq=5)
        await record_shown(
            conn, held, surface_id=SURFACE, digest="d2", seq=4, closed=True
        )
        await record_shown(conn, held, surface_id=SURFACE, digest="d3", seq=4)
        row = await only(conn)
    assert (row.closed, row.shown_seq, row.receipt) == (True, 5, SHOWN)


async def test_a_plan_changes_nothing_that_is_there(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        for place in (None, PLACE):
            await plan_surface(
                conn,
                held,
                surface_id=SURFACE,
                turn_id=TurnId("t"),
                role="progress",
                person_id=PersonId(""),
                platform="slack",
                address=place,
            )
        row = await only(conn)
    assert (row.address, row.intent_at, row.receipt) == (None, None, None)


async def test_an_old_owner_writes_nothing_of_a_surface(engine: AsyncEngine):
    dead = await own(engine, lease=timedelta(0))
    await start(engine, dead, "t")
    async with begin(engine) as conn:
        await intend(conn, dead)
    await claim(engine, dead.conversation_id, worker_id="w2")
    async with begin(engine) as conn:
        with pytest.raises(LeaseLostError):
            await intend(conn, dead)
        with pytest.raises(LeaseLostError):
            await receive(conn, dead)
        assert (await only(conn)).receipt is None
