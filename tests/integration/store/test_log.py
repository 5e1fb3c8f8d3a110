"""The log: gapless, fenced, many turns in one statement."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LeaseLostError, StoreRefusedError
from bot.protocol.ids import PersonId, TenantId, TurnId
from bot.store.conversations import Claim, claim_conversations, release
from bot.store.engine import begin
from bot.store.log import (
    Append,
    append_events,
    find_turn,
    list_turns,
    load_events,
    next_wake,
    open_turns,
    set_delivered,
    set_turn_status,
)
from bot.store.schema import turn_event
from tests.support.store import (
    LEASE,
    NOW,
    TENANT,
    all_of,
    claim,
    events,
    own,
    somebody_waits,
    start,
)

LATER = NOW + timedelta(minutes=1)
MAYA = PersonId("maya.chen")


async def append(engine: AsyncEngine, batch: Sequence[Append]) -> frozenset[TurnId]:
    async with begin(engine) as conn:
        return await append_events(conn, batch)


async def numbers(engine: AsyncEngine, turn_id: TurnId, after: int = 0) -> list[int]:
    async with begin(engine) as conn:
        rows = await load_events(conn, TENANT, turn_id, after=after)
    return [seq for seq, _, _ in rows]


async def test_events_of_many_turns_are_written_at_once(engine: AsyncEngine):
    batch: list[Append] = []
    for n in range(10):
        held = await own(engine)
        batch += [events(held, await start(engine, held, f"t{n}"), many=3)]
    assert await append(engine, batch) == {a.turn_id for a in batch}
    assert await numbers(engine, TurnId("t7")) == [1, 2, 3]


async def test_events_come_back_as_they_were_written(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    body = json.dumps({"z": "NUL \x00 é", "a": [1.50]}, ensure_ascii=True)
    one = Append(
        claim=held,
        turn_id=turn_id,
        first_seq=1,
        bodies=[body],
        types=["turn.started"],
        at=NOW,
    )
    await append(engine, [one])
    async with begin(engine) as conn:
        assert await load_events(conn, TENANT, turn_id) == [(1, NOW, body)]
        stored = await conn.scalar(select(turn_event.c.type))
    assert stored == "turn.started"


async def test_an_append_moves_the_turn_on(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t", at=NOW - timedelta(hours=1))
    await append(engine, [events(held, turn_id, many=4)])
    async with begin(engine) as conn:
        stored = await find_turn(conn, turn_id)
    assert stored is not None
    assert (stored.last_seq, stored.updated_at) == (4, NOW)


async def test_events_after_a_number_are_loaded_in_order(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    await append(engine, [events(held, turn_id, many=5)])
    assert await numbers(engine, turn_id, after=3) == [4, 5]


@pytest.mark.parametrize("first_seq", [-1, 1, 2, 4, 5])
async def test_a_gap_or_a_repeat_is_refused(engine: AsyncEngine, first_seq: int):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    assert await append(engine, [events(held, turn_id, many=2)])
    assert not await append(engine, [events(held, turn_id, first_seq, many=2)])
    assert await append(engine, [events(held, turn_id, 3)])
    assert await numbers(engine, turn_id) == [1, 2, 3]


async def test_an_old_fence_writes_nothing_and_harms_nobody(engine: AsyncEngine):
    dead = await own(engine, lease=timedelta(0))
    mine = await own(engine)
    lost = await start(engine, dead, "lost")
    kept = await start(engine, mine, "kept")
    heir = await claim(engine, dead.conversation_id, worker_id="w2")
    assert heir is not None
    written = await append(engine, [events(dead, lost), events(mine, kept)])
    assert written == {kept}
    assert await numbers(engine, lost) == []
    assert await append(engine, [events(heir, lost)]) == {lost}


async def test_a_released_claim_appends_nothing(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    async with begin(engine) as conn:
        await release(conn, held, None)
    assert not await append(engine, [events(held, turn_id)])


async def test_a_claim_for_another_conversation_appends_nothing(engine: AsyncEngine):
    held, other = await own(engine), await own(engine)
    turn_id = await start(engine, held, "t")
    assert not await append(engine, [events(other, turn_id)])


async def test_appends_of_one_turn_that_follow_are_one(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    batch = [events(held, turn_id, 1, many=2), events(held, turn_id, 3)]
    assert await append(engine, batch) == {turn_id}
    assert await numbers(engine, turn_id) == [1, 2, 3]


async def test_appends_of_one_turn_that_do_not_follow_are_refused(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    batch = [events(held, turn_id, 1, many=2), events(held, turn_id, 4)]
    assert not await append(engine, batch)
    assert await numbers(engine, turn_id) == []


async def test_an_empty_batch_writes_nothing(engine: AsyncEngine):
    assert await append(engine, []) == frozenset()


async def test_owners_who_append_at_once_one_wins(engine: AsyncEngine):
    """Two processes that both believe in the same claim: each number once."""
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    results = await all_of(
        append(engine, [events(held, turn_id, many=3)]) for _ in range(8)
    )
    assert sum(len(written) for written in results) == 1
    assert await numbers(engine, turn_id) == [1, 2, 3]


async def test_batches_in_any_order_do_not_deadlock(engine: AsyncEngine):
    """Eight writers, each with one turn in each of the same conversations."""
    held = [await own(engine) for _ in range(20)]
    turns = [
        [(one, await start(engine, one, f"{writer}-{n}")) for n, one in enumerate(held)]
        for writer in range(8)
    ]

    async def write(mine: list[tuple[Claim, TurnId]]) -> int:
        written = 0
        for seq in range(1, 9):
            batch = [events(one, turn_id, seq) for one, turn_id in mine[::-1]]
            written += len(await append(engine, batch))
            mine = mine[7:] + mine[:7]
        return written

    assert await all_of(write(mine) for mine in turns) == [160] * 8


async def test_a_takeover_passes_by_an_append_in_flight(engine: AsyncEngine):
    """So the new owner sees what the old one wrote last."""
    dead = await own(engine, lease=timedelta(0))
    turn_id = await start(engine, dead, "t")
    async with begin(engine) as conn:
        assert await append_events(conn, [events(dead, turn_id)]) == {turn_id}
        assert await claim(engine, dead.conversation_id, worker_id="w2") is None
    assert await claim(engine, dead.conversation_id, worker_id="w2") is not None
    assert await numbers(engine, turn_id) == [1]


async def test_an_append_waits_for_a_takeover_in_flight_and_is_refused(
    engine: AsyncEngine,
):
    dead = await own(engine, lease=timedelta(0))
    turn_id = await start(engine, dead, "t")
    async with asyncio.TaskGroup() as group, begin(engine) as conn:
        taken = await claim_conversations(conn, worker_id="w2", lease=LEASE)
        assert taken.claims
        late = group.create_task(append(engine, [events(dead, turn_id)]))
        await somebody_waits(engine)
    assert late.result() == frozenset()
    assert await numbers(engine, turn_id) == []


async def test_a_turn_is_made_once(engine: AsyncEngine):
    held = await own(engine)
    await start(engine, held, "t")
    await append(engine, [events(held, TurnId("t"))])
    await start(engine, held, "t")
    assert await append(engine, [events(held, TurnId("t"), 2)])


async def test_an_old_owner_changes_no_turn(engine: AsyncEngine):
    dead = await own(engine, lease=timedelta(0))
    turn_id = await start(engine, dead, "t")
    await claim(engine, dead.conversation_id, worker_id="w2")
    async with begin(engine) as conn:
        with pytest.raises(LeaseLostError):
            await set_turn_status(conn, dead, turn_id, "completed", at=NOW)
        with pytest.raises(LeaseLostError):
            await set_delivered(conn, dead, turn_id, 0)
        stored = await find_turn(conn, turn_id)
    assert stored is not None
    assert stored.status == "running"


async def test_an_ended_turn_is_open_until_all_is_shown(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    await append(engine, [events(held, turn_id, many=2)])
    async with begin(engine) as conn:
        await set_turn_status(conn, held, turn_id, "completed", at=LATER)
        await set_delivered(conn, held, turn_id, 1)
        assert [t.turn_id for t in await open_turns(conn, held)] == [turn_id]
        await set_delivered(conn, held, turn_id, 2)
        assert await open_turns(conn, held) == []


async def test_what_was_delivered_never_goes_back(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    await append(engine, [events(held, turn_id, many=3)])
    async with begin(engine) as conn:
        await set_delivered(conn, held, turn_id, 3)
        await set_delivered(conn, held, turn_id, 2)
        [stored] = await open_turns(conn, held)
    assert stored.delivered_seq == 3


async def test_more_than_was_committed_cannot_be_delivered(engine: AsyncEngine):
    held = await own(engine)
    turn_id = await start(engine, held, "t")
    with pytest.raises(StoreRefusedError, match="only_committed_events_are_delivered"):
        async with begin(engine) as conn:
            await set_delivered(conn, held, turn_id, 1)


async def test_the_next_wake_is_the_first_of_all_parked_turns(engine: AsyncEngine):
    held = await own(engine)
    async with begin(engine) as conn:
        assert await next_wake(conn, held) is None
    for n, wake_at in enumerate([LATER, NOW, None]):
        turn_id = await start(engine, held, f"t{n}")
        async with begin(engine) as conn:
            await set_turn_status(
                conn, held, turn_id, "parked", at=NOW, wake_at=wake_at
            )
    async with begin(engine) as conn:
        assert await next_wake(conn, held) == NOW


async def test_turns_are_listed_by_last_change(engine: AsyncEngine):
    held = await own(engine)
    ended = await start(engine, held, "ended", at=NOW)
    running = await start(engine, held, "running", at=NOW + timedelta(seconds=1))
    parked = await start(engine, held, "parked", at=NOW - timedelta(days=1))
    async with begin(engine) as conn:
        await set_turn_status(conn, held, ended, "failed", at=LATER)
        listed = await list_turns(conn)
        assert [t.turn_id for t in listed] == [ended, running, parked]
        assert [t.turn_id for t in await list_turns(conn, limit=1)] == [ended]
        assert await list_turns(conn, tenant=TenantId("other")) == []


async def test_an_unknown_turn_is_not_found(engine: AsyncEngine):
    async with begin(engine) as conn:
        assert await find_turn(conn, TurnId("nobody")) is None


async def test_a_large_batch_is_one_statement_of_a_few_milliseconds(
    engine: AsyncEngine,
):
    """200 rows over 50 turns; the bound is loose because the machine is shared."""
    held = [await own(engine) for _ in range(50)]
    turns = [(one, await start(engine, one, f"t{n}")) for n, one in enumerate(held)]
    took: list[timedelta] = []
    for flush in range(5):
        batch = [events(one, t, flush * 4 + 1, many=4) for one, t in turns]
        async with begin(engine) as conn:
            began: datetime | None = await conn.scalar(select(func.clock_timestamp()))
            assert len(await append_events(conn, batch)) == 50
            ended: datetime | None = await conn.scalar(select(func.clock_timestamp()))
        assert began
        assert ended
        assert began.tzinfo == UTC
        took.append(ended - began)
    assert min(took) < timedelta(milliseconds=100)
