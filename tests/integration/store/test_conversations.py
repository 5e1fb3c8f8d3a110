"""Claims: one owner at a time, a fence that only grows, and nothing forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LeaseLostError
from bot.store.conversations import (
    Claim,
    claim_conversations,
    conversation_fence_ok,
    heartbeat,
    hold_conversation,
    is_held,
    release,
    require_generation,
    sweep,
)
from bot.store.engine import begin
from bot.store.mailbox import consume, read_mail
from bot.store.schema import conversation, turn
from tests.support.store import (
    LEASE,
    address,
    all_of,
    claim,
    own,
    send,
    somebody_waits,
    start,
)

OVER = timedelta(0)
"""A lease that has run out as soon as it is given."""
GRACE = timedelta(minutes=1)


async def take_all(engine: AsyncEngine, worker_id: str) -> list[Claim]:
    taken: list[Claim] = []
    while True:
        async with begin(engine) as conn:
            some = await claim_conversations(
                conn, worker_id=worker_id, lease=LEASE, most=3
            )
        if not some.claims:
            return taken
        taken += some.claims


async def test_workers_at_once_never_claim_the_same_conversation(engine: AsyncEngine):
    places = [address() for _ in range(60)]
    for place in places:
        await send(engine, place)
    taken = await all_of(take_all(engine, f"w{n}") for n in range(8))
    ids = [one.conversation_id for by_worker in taken for one in by_worker]
    assert sorted(ids) == sorted(place.conversation_id for place in places)


async def test_a_claim_in_flight_is_passed_by(engine: AsyncEngine):
    place = address()
    await send(engine, place)
    async with begin(engine) as first, begin(engine) as second:
        one = await claim_conversations(first, worker_id="w1", lease=LEASE)
        other = await claim_conversations(second, worker_id="w2", lease=LEASE)
    assert one.claims
    assert not other.claims


async def test_a_conversation_that_is_not_due_is_not_claimed(engine: AsyncEngine):
    held = await own(engine)
    async with begin(engine) as conn:
        await consume(conn, held, 1)
        await release(conn, held, None)
    assert await claim(engine, held.conversation_id) is None


async def test_the_one_due_longest_is_claimed_first(engine: AsyncEngine):
    places = [address() for _ in range(3)]
    for place in places:
        await send(engine, place)
    claimed = await take_all(engine, "w1")
    assert [one.address for one in claimed] == places


async def test_what_needs_a_newer_generation_is_passed_over(engine: AsyncEngine):
    first, second = address(), address()
    await send(engine, first)
    newer = await claim(engine, first.conversation_id)
    assert newer is not None
    async with begin(engine) as conn:
        await require_generation(conn, newer, 2)
        await release(conn, newer, datetime(2020, 1, 1, tzinfo=UTC))
    await send(engine, second)
    async with begin(engine) as conn:
        taken = await claim_conversations(
            conn, worker_id="w1", lease=LEASE, generation=1
        )
    assert [claim.address for claim in taken.claims] == [second]
    async with begin(engine) as conn:
        taken = await claim_conversations(
            conn, worker_id="w2", lease=LEASE, generation=2
        )
    assert [claim.address for claim in taken.claims] == [first]


async def test_an_expired_lease_is_taken_over_with_a_larger_fence(engine: AsyncEngine):
    dead = await own(engine, lease=OVER)
    heir = await claim(engine, dead.conversation_id, worker_id="w2")
    assert heir is not None
    assert heir.fence > dead.fence


async def test_a_live_lease_is_not_taken_over(engine: AsyncEngine):
    held = await own(engine)
    assert await claim(engine, held.conversation_id, worker_id="w2") is None


async def test_a_heartbeat_keeps_an_expired_lease_that_nobody_took(engine: AsyncEngine):
    held = await own(engine, lease=OVER)
    async with begin(engine) as conn:
        assert await heartbeat(conn, [held], LEASE) == {held.conversation_id: 1}
    assert await claim(engine, held.conversation_id, worker_id="w2") is None


async def test_a_heartbeat_tells_which_claims_are_lost(engine: AsyncEngine):
    lost, kept = await own(engine, lease=OVER), await own(engine)
    await claim(engine, lost.conversation_id, worker_id="w2")
    async with begin(engine) as conn:
        assert await heartbeat(conn, [lost, kept], LEASE) == {kept.conversation_id: 1}


async def claimed_by_the_release_before(engine: AsyncEngine, dead: Claim) -> Claim:
    """Let it take a conversation over: it knows nothing of when and as what."""
    async with begin(engine) as conn:
        await conn.execute(
            update(conversation).values(
                fence=conversation.c.fence + 1,
                worker_id="old",
                lease_until=func.statement_timestamp() + LEASE,
            )
        )
    return replace(dead, fence=dead.fence + 1)


async def with_an_overdue_turn(engine: AsyncEngine) -> Claim:
    held = await own(engine)
    await start(engine, held, "t")
    async with begin(engine) as conn:
        await conn.execute(
            update(turn).values(wake_at=func.statement_timestamp() - 2 * GRACE)
        )
    return held


async def has_held_it_for(engine: AsyncEngine, time: timedelta) -> None:
    async with begin(engine) as conn:
        await conn.execute(
            update(conversation).values(claimed_at=func.statement_timestamp() - time)
        )


@pytest.mark.parametrize("left_behind", ["nothing", "the time of another claim"])
async def test_an_owner_who_did_not_write_down_when_has_its_grace_from_now_on(
    engine: AsyncEngine, left_behind: str
):
    dead = await with_an_overdue_turn(engine)
    await has_held_it_for(engine, 2 * GRACE)
    if left_behind == "nothing":
        async with begin(engine) as conn:
            await conn.execute(update(conversation).values(claimed_at=None))
    old = await claimed_by_the_release_before(engine, dead)
    async with begin(engine) as conn:
        assert await sweep(conn, GRACE, 10) == []
        assert await sweep(conn, GRACE, 10) == []
        assert await conversation_fence_ok(conn, old)
    await has_held_it_for(engine, 2 * GRACE)
    async with begin(engine) as conn:
        assert await sweep(conn, GRACE, 10) == [old.conversation_id]
        assert not await conversation_fence_ok(conn, old)


async def test_what_an_old_release_let_go_and_is_due_soon_is_left_alone(
    engine: AsyncEngine,
):
    """It leaves behind when somebody had claimed it."""
    held = await with_an_overdue_turn(engine)
    await has_held_it_for(engine, 2 * GRACE)
    async with begin(engine) as conn:
        await conn.execute(
            update(conversation).values(
                fence=held.fence + 1,
                worker_id=None,
                lease_until=None,
                due_at=func.statement_timestamp() + GRACE / 2,
            )
        )
        assert await sweep(conn, GRACE, 10) == []


async def test_heartbeats_of_many_in_any_order_do_not_deadlock(engine: AsyncEngine):
    held = [await own(engine) for _ in range(20)]

    async def beat(claims: list[Claim]) -> int:
        async with begin(engine) as conn:
            return len(await heartbeat(conn, claims, LEASE))

    orders = [held, held[::-1], held[10:] + held[:10], held[::-1]] * 3
    assert await all_of(beat(order) for order in orders) == [20] * 12


async def test_a_release_with_mail_left_stays_due(engine: AsyncEngine):
    held = await own(engine)
    async with begin(engine) as conn:
        assert await release(conn, held, None)
    assert await claim(engine, held.conversation_id) is not None


async def test_a_release_after_a_failure_rests_before_it_is_due(engine: AsyncEngine):
    held = await own(engine)
    async with begin(engine) as conn:
        assert await release(conn, held, None, delay=timedelta(minutes=1))
    assert await claim(engine, held.conversation_id) is None


async def test_mail_that_comes_during_the_release_keeps_it_due(engine: AsyncEngine):
    """The release waits for the delivery's row lock and then sees its mail."""
    held = await own(engine)
    assert held.address is not None
    async with begin(engine) as conn:
        await consume(conn, held, 1)

    async def let_go() -> None:
        async with begin(engine) as conn:
            await release(conn, held, None)

    async with asyncio.TaskGroup() as group, begin(engine) as conn:
        await conn.execute(
            update(conversation).values(mail_seq=conversation.c.mail_seq + 1)
        )
        group.create_task(let_go())
        await somebody_waits(engine)
    assert await claim(engine, held.conversation_id) is not None


async def test_a_release_is_due_again_when_its_owner_said(engine: AsyncEngine):
    held = await own(engine)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    async with begin(engine) as conn:
        await consume(conn, held, 1)
        await release(conn, held, long_ago)
    assert await claim(engine, held.conversation_id) is not None


async def test_a_release_by_an_old_owner_changes_nothing(engine: AsyncEngine):
    dead = await own(engine, lease=OVER)
    heir = await claim(engine, dead.conversation_id, worker_id="w2")
    assert heir is not None
    async with begin(engine) as conn:
        assert not await release(conn, dead, None)
        assert await conversation_fence_ok(conn, heir)


async def test_a_released_claim_writes_nothing_more(engine: AsyncEngine):
    held = await own(engine)
    async with begin(engine) as conn:
        await release(conn, held, None)
    async with begin(engine) as conn:
        assert not await conversation_fence_ok(conn, held)
        with pytest.raises(LeaseLostError):
            await hold_conversation(conn, held)


async def test_a_held_conversation_cannot_be_claimed_meanwhile(engine: AsyncEngine):
    held = await own(engine, lease=OVER)
    async with begin(engine) as conn:
        await hold_conversation(conn, held)
        assert await claim(engine, held.conversation_id, worker_id="w2") is None
    assert await claim(engine, held.conversation_id, worker_id="w2") is not None


async def test_a_lease_without_an_owner_is_refused(engine: AsyncEngine):
    await own(engine)
    with pytest.raises(IntegrityError, match="a_lease_has_an_owner"):
        async with begin(engine) as conn:
            await conn.execute(update(conversation).values(worker_id=None))


async def test_reading_mail_of_a_new_claim_finds_what_the_dead_left(
    engine: AsyncEngine,
):
    dead = await own(engine, lease=OVER)
    heir = await claim(engine, dead.conversation_id, worker_id="w2")
    assert heir is not None
    async with begin(engine) as conn:
        assert [mail.mail_seq for mail in await read_mail(conn, heir)] == [1]


async def test_a_transaction_that_holds_a_claim_asks_once(engine: AsyncEngine):
    held, other = await own(engine), await own(engine)
    async with begin(engine) as conn:
        assert not is_held(conn, held)
        await hold_conversation(conn, held)
        assert is_held(conn, held)
        assert not is_held(conn, other)
        assert not is_held(conn, replace(held, fence=held.fence - 1))
    async with begin(engine) as conn:
        assert not is_held(conn, held)
        await hold_conversation(conn, held)
        await release(conn, held, None)
        assert not is_held(conn, held)
        with pytest.raises(LeaseLostError):
            await hold_conversation(conn, held)
