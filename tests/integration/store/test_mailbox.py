"""Mail: numbered without gaps, consumed in any order, only by the owner."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LeaseLostError
from bot.protocol.ids import ConversationId, TenantId
from bot.store.conversations import release
from bot.store.engine import begin
from bot.store.mailbox import consume, deliver, read_mail
from bot.store.schema import conversation
from bot.store.wake import parse_news, parse_notice
from tests.support.store import TENANT, address, all_of, claim, own, send, undone


async def test_mail_delivered_at_once_is_numbered_without_gaps(engine: AsyncEngine):
    place = address()
    numbers = await all_of(send(engine, place) for _ in range(30))
    assert sorted(numbers) == list(range(1, 31))


async def test_mail_comes_back_as_it_was_written(engine: AsyncEngine):
    body = json.dumps({"z": 1, "a": "NUL \x00 and é", "again": [1.50]})
    place = address()
    await send(engine, place, body, kind="stop")
    held = await claim(engine, place.conversation_id)
    assert held is not None
    async with begin(engine) as conn:
        [mail] = await read_mail(conn, held)
    assert (mail.kind, mail.body) == ("stop", body)


async def test_later_mail_may_be_consumed_before_earlier(engine: AsyncEngine):
    held = await own(engine)
    assert held.address is not None
    for _ in range(2):
        await send(engine, held.address)
    async with begin(engine) as conn:
        assert await consume(conn, held, 2) == 2
    async with begin(engine) as conn:
        assert [m.mail_seq for m in await read_mail(conn, held)] == [1, 3]


async def test_a_release_is_due_while_earlier_mail_is_left(engine: AsyncEngine):
    held = await own(engine)
    assert held.address is not None
    await send(engine, held.address)
    async with begin(engine) as conn:
        await consume(conn, held, 2)
        await release(conn, held, None)
    assert await claim(engine, held.conversation_id) is not None


async def test_consuming_twice_counts_once(engine: AsyncEngine):
    held = await own(engine)
    assert held.address is not None
    await send(engine, held.address)
    async with begin(engine) as conn:
        assert await consume(conn, held, 1) == 1
        assert await consume(conn, held, 1) == 1


async def test_an_old_owner_consumes_nothing(engine: AsyncEngine):
    dead = await own(engine, lease=timedelta(0))
    heir = await claim(engine, dead.conversation_id, worker_id="w2")
    assert heir is not None
    with pytest.raises(LeaseLostError):
        async with begin(engine) as conn:
            await consume(conn, dead, 1)
    async with begin(engine) as conn:
        assert len(await read_mail(conn, heir)) == 1


async def test_a_delivery_that_rolls_back_leaves_nothing(engine: AsyncEngine):
    place = address()
    async with undone(engine) as conn:
        await deliver(conn, TENANT, place.conversation_id, place, "said", "{}")
    assert await send(engine, place) == 1


async def test_a_signal_keeps_the_address_that_is_known(engine: AsyncEngine):
    place = address()
    await send(engine, place)
    async with begin(engine) as conn:
        await deliver(conn, TENANT, place.conversation_id, None, "stop", "{}")
        await deliver(conn, TENANT, ConversationId("new"), None, "stop", "{}")
        known = await conn.execute(
            select(conversation.c.address).order_by(conversation.c.conversation_id)
        )
        assert [row.address is None for row in known] == [True, False]


async def test_conversations_of_two_tenants_do_not_mix(engine: AsyncEngine):
    held = await own(engine)
    assert held.address is not None
    async with begin(engine) as conn:
        other = TenantId("other")
        seq = await deliver(
            conn, other, held.conversation_id, held.address, "said", "{}"
        )
    assert seq == 1
    async with begin(engine) as conn:
        assert len(await read_mail(conn, held)) == 1


def test_notices_and_news_are_read_as_they_were_written():
    assert parse_notice('["acme", "slack:T1:C1"]') == ("acme", "slack:T1:C1")
    assert parse_news('["t1", "t2"]') == ["t1", "t2"]
