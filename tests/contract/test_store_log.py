"""What the engine relies on in a store: the log. See ``test_store.py``."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from bot.errors import StoreRefusedError
from bot.ports.rows import Append, Claim, Snapshot, SoFar, StoredTurn
from bot.protocol.ids import PersonId, TurnId
from bot.protocol.values import Usage
from tests.support.store import all_of
from tests.support.stores import (
    ASKER,
    LATER,
    LEASE,
    NOW,
    OTHER,
    TENANT,
    Ground,
    events,
    on_every_store,
    refused,
)

T = TurnId("t")


async def so_far(ground: Ground, held: Claim) -> SoFar:
    return await ground.do(lambda tx: tx.so_far(TENANT, held.conversation_id, 9))


async def found(ground: Ground, turn: TurnId = T) -> StoredTurn:
    stored = await ground.do(lambda tx: tx.find_turn(turn))
    assert stored is not None
    return stored


class TestAppends:
    @on_every_store
    async def test_events_of_many_turns_are_written_at_once(self, ground: Ground):
        batch: list[Append] = []
        for n in range(5):
            held = await ground.own()
            batch += [events(held, await ground.start(held, f"t{n}"), many=3)]
        assert await ground.append(*batch) == {a.turn_id for a in batch}
        assert await ground.numbers(TurnId("t3")) == [1, 2, 3]

    @on_every_store
    async def test_events_come_back_as_they_were_written(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        body = json.dumps({"z": "NUL \x00 é", "a": [1.50]})
        one = Append(
            claim=held,
            turn_id=turn,
            first_seq=1,
            bodies=[body],
            types=["turn.started"],
            at=NOW,
        )
        await ground.append(one)
        rows = await ground.do(lambda tx: tx.load_events(TENANT, turn))
        assert rows == [(1, NOW, body)]
        assert await ground.do(lambda tx: tx.load_events(OTHER, turn)) == []

    @on_every_store
    async def test_a_transaction_sees_its_own_events_of_the_turn_it_asks_for(
        self, ground: Ground
    ):
        held = await ground.own()
        first, second = [await ground.start(held, name) for name in ("a", "b")]
        await ground.append(events(held, first))
        async with ground.store.begin("log.append") as tx:
            await tx.append_events([events(held, first, 2), events(held, second)])
            mine = await tx.load_events(TENANT, first)
            assert [seq for seq, _, _ in mine] == [1, 2]
            assert len(await tx.load_events(TENANT, second)) == 1

    @on_every_store
    async def test_an_append_moves_the_turn_on(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held, at=NOW - timedelta(hours=1))
        await ground.append(events(held, turn, many=4))
        stored = await found(ground)
        assert (stored.last_seq, stored.updated_at) == (4, NOW)
        assert await ground.numbers(turn, after=2) == [3, 4]

    @on_every_store
    async def test_a_gap_or_a_repeat_is_refused(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        assert await ground.append(events(held, turn, many=2))
        for first_seq in (-1, 1, 2, 4, 5):
            assert not await ground.append(events(held, turn, first_seq, many=2))
        assert await ground.append(events(held, turn, 3))
        assert await ground.numbers(turn) == [1, 2, 3]

    @on_every_store
    async def test_an_old_fence_writes_nothing_and_harms_nobody(self, ground: Ground):
        dead, heir = await ground.taken_over()
        mine = await ground.own()
        lost = await ground.start(heir, "lost")
        kept = await ground.start(mine, "kept")
        written = await ground.append(events(dead, lost), events(mine, kept))
        assert written == {kept}
        assert await ground.numbers(lost) == []
        assert await ground.append(events(heir, lost)) == {lost}

    @on_every_store
    async def test_a_claim_for_another_conversation_appends_nothing(
        self, ground: Ground
    ):
        held, other = await ground.own(), await ground.own()
        turn = await ground.start(held)
        assert not await ground.append(events(other, turn))

    @on_every_store
    async def test_a_turn_that_is_not_there_is_not_appended_to(self, ground: Ground):
        assert not await ground.append(events(await ground.own(), T))

    @on_every_store
    async def test_appends_of_one_turn_that_follow_are_one(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        written = await ground.append(
            events(held, turn, 1, many=2), events(held, turn, 3)
        )
        assert written == {turn}
        assert await ground.numbers(turn) == [1, 2, 3]

    @on_every_store
    async def test_appends_of_one_turn_that_do_not_follow_are_refused_whole(
        self, ground: Ground
    ):
        held = await ground.own()
        turn = await ground.start(held)
        assert not await ground.append(
            events(held, turn, 1, many=2), events(held, turn, 4)
        )
        assert await ground.numbers(turn) == []

    @on_every_store
    async def test_appends_of_one_turn_under_two_claims_are_refused_whole(
        self, ground: Ground
    ):
        dead, heir = await ground.taken_over()
        turn = await ground.start(heir)
        assert not await ground.append(events(heir, turn), events(dead, turn, 2))
        assert await ground.numbers(turn) == []

    @on_every_store
    async def test_an_empty_batch_writes_nothing(self, ground: Ground):
        assert await ground.append() == frozenset()

    @on_every_store
    async def test_what_is_no_json_is_refused_with_its_company(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        bad = Append(
            claim=held, turn_id=turn, first_seq=1, bodies=["{"], types=["x"], at=NOW
        )
        with pytest.raises(StoreRefusedError):
            await ground.append(bad)
        assert await ground.append(events(held, turn))

    @on_every_store
    async def test_of_owners_who_append_at_once_one_wins(self, ground: Ground):
        """Two processes that both believe in the same claim: each number once."""
        held = await ground.own()
        turn = await ground.start(held)
        results = await all_of(
            ground.append(events(held, turn, many=3)) for _ in range(8)
        )
        assert sum(len(written) for written in results) == 1
        assert await ground.numbers(turn) == [1, 2, 3]

    @on_every_store
    async def test_batches_in_any_order_do_not_deadlock(self, ground: Ground):
        held = [await ground.own() for _ in range(6)]
        turns = [
            [(one, await ground.start(one, f"{w}-{n}")) for n, one in enumerate(held)]
            for w in range(4)
        ]

        async def write(mine: list[tuple[Claim, TurnId]]) -> int:
            written = 0
            for seq in range(1, 5):
                batch = [events(one, turn, seq) for one, turn in mine[::-1]]
                written += len(await ground.append(*batch))
                mine = mine[2:] + mine[:2]
            return written

        assert await all_of(write(mine) for mine in turns) == [24] * 4

    @on_every_store
    async def test_a_takeover_passes_by_an_append_in_flight(self, ground: Ground):
        """So the new owner sees what the old one wrote last."""
        dead = await ground.own()
        turn = await ground.start(dead)
        await ground.expire(dead)
        async with ground.store.begin("log.append_with") as tx:
            assert await tx.append_events([events(dead, turn)]) == {turn}
            assert await ground.claim(worker_id="w2") is None
        assert await ground.claim(worker_id="w2") is not None
        assert await ground.numbers(turn) == [1]

    @on_every_store
    async def test_an_append_waits_for_a_takeover_in_flight_and_is_refused(
        self, ground: Ground
    ):
        dead = await ground.own()
        turn = await ground.start(dead)
        await ground.expire(dead)
        # A claim of its own is one statement, which nobody can stop half-way: this one
        # is held open by a transaction of several.
        begun = ground.store.begin("worker.put_off")
        async with asyncio.TaskGroup() as group, begun as tx:
            taken = await tx.claim_conversations(
                worker_id="w2", lease=LEASE, generation=0, most=1
            )
            assert taken.claims
            late = group.create_task(ground.append(events(dead, turn)))
            await ground.somebody_waits()
        assert late.result() == frozenset()
        assert await ground.numbers(turn) == []


class TestTurns:
    @on_every_store
    async def test_a_turn_is_made_once(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await ground.append(events(held, T))
        await ground.start(held, at=LATER)
        stored = await found(ground)
        assert (stored.last_seq, stored.started_at) == (1, NOW)
        assert await ground.append(events(held, T, 2))

    @on_every_store
    async def test_a_new_turn_runs_and_says_whose_it_is(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        assert await found(ground) == StoredTurn(
            tenant_id=TENANT,
            turn_id=T,
            conversation_id=held.conversation_id,
            requester_id=ASKER,
            requester_name="Maya",
            text="hello",
            status="running",
            last_seq=0,
            delivered_seq=0,
            wake_at=None,
            started_at=NOW,
            updated_at=NOW,
        )

    @on_every_store
    async def test_an_unknown_turn_is_not_found(self, ground: Ground):
        assert await ground.do(lambda tx: tx.find_turn(T)) is None

    @on_every_store
    async def test_an_old_owner_changes_no_turn(self, ground: Ground):
        dead, heir = await ground.taken_over()
        await ground.start(heir)
        for change in (
            ground.do(lambda tx: tx.set_turn_status(dead, T, "completed", at=NOW)),
            ground.do(lambda tx: tx.set_delivered(dead, T, 0)),
            ground.do(lambda tx: tx.note_failure(dead, T)),
            ground.do(lambda tx: tx.mark_degraded(dead, T, "a gap")),
            ground.do(lambda tx: tx.save_snapshot(dead, T, 1, "{}", "sum")),
            ground.do(lambda tx: tx.require_generation(dead, 1)),
            ground.start(dead, "another"),
        ):
            assert await refused(change)
        stored = await found(ground)
        assert (stored.status, stored.failures, stored.degraded) == ("running", 0, "")

    @on_every_store
    async def test_a_turn_of_another_conversation_is_not_changed(self, ground: Ground):
        held, other = await ground.own(), await ground.own()
        await ground.start(held)
        await ground.do(lambda tx: tx.set_turn_status(other, T, "completed", at=NOW))
        assert await ground.do(lambda tx: tx.note_failure(other, T)) == 0
        assert (await found(ground)).status == "running"

    @on_every_store
    async def test_an_ended_turn_is_open_until_all_is_shown(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await ground.append(events(held, T, many=2))
        async with ground.store.begin("log.append_with") as tx:
            await tx.set_turn_status(held, T, "completed", at=LATER)
            await tx.set_delivered(held, T, 1)
            assert [t.turn_id for t in await tx.open_turns(held)] == [T]
            await tx.set_delivered(held, T, 2)
            assert await tx.open_turns(held) == []

    @on_every_store
    async def test_open_turns_come_oldest_first(self, ground: Ground):
        held, other = await ground.own(), await ground.own()
        for name, at in (("b", LATER), ("c", NOW), ("a", LATER)):
            await ground.start(held, name, at=at)
        await ground.start(other, "elsewhere")
        mine = await ground.do(lambda tx: tx.open_turns(held))
        assert [turn.turn_id for turn in mine] == ["c", "a", "b"]

    @on_every_store
    async def test_what_was_delivered_never_goes_back(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await ground.append(events(held, T, many=3))
        for seq in (3, 2):
            await ground.do(lambda tx, seq=seq: tx.set_delivered(held, T, seq))
        assert (await found(ground)).delivered_seq == 3

    @on_every_store
    async def test_more_than_was_committed_cannot_be_delivered(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        with pytest.raises(StoreRefusedError, match="only_committed_events_are"):
            await ground.do(lambda tx: tx.set_delivered(held, T, 1))
        assert (await found(ground)).delivered_seq == 0

    @on_every_store
    async def test_an_ended_turn_does_not_wake(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        with pytest.raises(StoreRefusedError, match="an_ended_turn_does_not_wake"):
            await ground.do(
                lambda tx: tx.set_turn_status(
                    held, T, "failed", at=LATER, wake_at=LATER
                )
            )

    @on_every_store
    async def test_failures_in_a_row_are_counted_until_something_goes_on(
        self, ground: Ground
    ):
        held = await ground.own()
        await ground.start(held)
        for times in (1, 2):
            assert await ground.do(lambda tx: tx.note_failure(held, T)) == times
        await ground.do(
            lambda tx: tx.set_turn_status(held, T, "parked", at=LATER, wake_at=LATER)
        )
        stored = await found(ground)
        assert (stored.status, stored.wake_at, stored.failures) == ("parked", LATER, 0)

    @on_every_store
    async def test_what_could_not_be_read_is_noted(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await ground.do(lambda tx: tx.mark_degraded(held, T, "a gap\x00"))
        assert (await found(ground)).degraded == "a gap\ufffd"

    @on_every_store
    async def test_turns_are_listed_by_last_change(self, ground: Ground):
        held = await ground.own()
        ended = await ground.start(held, "ended", at=NOW)
        await ground.start(held, "running", at=NOW + timedelta(seconds=1))
        await ground.start(held, "parked", at=NOW - timedelta(days=1))
        await ground.do(lambda tx: tx.set_turn_status(held, ended, "failed", at=LATER))
        listed = await ground.do(lambda tx: tx.list_turns())
        assert [turn.turn_id for turn in listed] == ["ended", "running", "parked"]
        assert (listed[0].status, listed[0].requester) == ("failed", "Maya")
        [last] = await ground.do(lambda tx: tx.list_turns(limit=1))
        assert last.turn_id == "ended"

    @on_every_store
    async def test_an_answer_stays_when_none_is_given(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        for answer in ("so it is", None):
            await ground.do(
                lambda tx, answer=answer: tx.set_turn_status(
                    held, T, "parked", at=LATER, answer=answer
                )
            )
        [past] = (await so_far(ground, held)).turns
        assert past.answered == "so it is"


class TestSnapshots:
    async def save(self, ground: Ground, held: Claim, seq: int, checksum: str) -> None:
        await ground.do(
            lambda tx: tx.save_snapshot(held, T, seq, '{"a": "\\u0000"}', checksum)
        )

    async def load(self, ground: Ground, before: int | None = None) -> Snapshot | None:
        return await ground.do(lambda tx: tx.load_snapshot(TENANT, T, before=before))

    @on_every_store
    async def test_the_newest_is_loaded_as_it_was_written(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        assert await self.load(ground) is None
        await self.save(ground, held, 10, "old")
        await self.save(ground, held, 20, "sum")
        assert await self.load(ground) == Snapshot(
            seq=20, state='{"a": "\\u0000"}', checksum="sum"
        )

    @on_every_store
    async def test_one_before_it_is_kept_and_no_more(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        for seq in (10, 20, 30):
            await self.save(ground, held, seq, f"at {seq}")
        before = await self.load(ground, before=30)
        assert before is not None and before.seq == 20
        assert await self.load(ground, before=20) is None

    @on_every_store
    async def test_one_of_the_same_seq_replaces_the_old(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        for checksum in ("first", "second"):
            await self.save(ground, held, 10, checksum)
        loaded = await self.load(ground)
        assert loaded is not None and loaded.checksum == "second"


class TestCompaction:
    async def ended(
        self, ground: Ground, *, snapshot: int = 4, shown: int = 4
    ) -> Claim:
        """Return the claim on a turn that has ended with four events."""
        held = await ground.own()
        await ground.start(held)
        await ground.append(
            events(held, T, kind="turn.started"),
            events(held, T, 2, many=2),
            events(held, T, 4, kind="turn.completed"),
        )
        async with ground.store.begin("log.append_with") as tx:
            await tx.save_snapshot(held, T, snapshot, "{}", "sum")
            await tx.set_turn_status(held, T, "completed", at=await tx.now())
            await tx.set_delivered(held, T, shown)
        return held

    async def ripe(self, ground: Ground, age: timedelta = timedelta(0)) -> list[TurnId]:
        turns = await ground.do(lambda tx: tx.turns_to_compact(age, 10))
        return [turn.turn_id for turn in turns]

    async def compact(self, ground: Ground, upto: int = 4) -> int:
        return await ground.do(lambda tx: tx.compact_turn(TENANT, T, upto))

    @on_every_store
    async def test_text_goes_and_the_rest_stays(self, ground: Ground):
        await self.ended(ground)
        assert await self.ripe(ground) == [T]
        assert await self.compact(ground) == 2
        assert await ground.numbers(T) == [1, 4]
        assert (await found(ground)).compacted_seq == 4
        assert await self.ripe(ground) == []

    @on_every_store
    async def test_what_ended_just_now_is_not_ripe(self, ground: Ground):
        await self.ended(ground)
        assert await self.ripe(ground, timedelta(hours=1)) == []

    @on_every_store
    async def test_what_is_not_shown_is_not_ripe(self, ground: Ground):
        await self.ended(ground, shown=3)
        assert await self.ripe(ground) == []

    @on_every_store
    async def test_without_a_snapshot_of_the_end_nothing_goes(self, ground: Ground):
        await self.ended(ground, snapshot=3)
        assert await self.ripe(ground) == []
        assert await self.compact(ground) == 0
        assert await ground.numbers(T) == [1, 2, 3, 4]

    @on_every_store
    async def test_a_damaged_turn_is_left_alone(self, ground: Ground):
        held = await self.ended(ground)
        await ground.do(lambda tx: tx.mark_degraded(held, T, "a gap"))
        assert await self.ripe(ground) == []

    @on_every_store
    async def test_a_turn_that_ends_elsewhere_is_left_alone(self, ground: Ground):
        await self.ended(ground)
        assert await self.compact(ground, 3) == 0
        assert await ground.do(lambda tx: tx.compact_turn(OTHER, T, 4)) == 0


class TestModelUse:
    @on_every_store
    async def test_what_turns_used_is_summed_by_model(self, ground: Ground):
        held = await ground.own()
        some = Usage(input_tokens=1, output_tokens=2, cache_read_tokens=3)

        async def save(turn: str, who: str, at: datetime, *models: str) -> None:
            async with ground.store.begin("log.append_with") as tx:
                await tx.save_use(
                    held,
                    TurnId(turn),
                    dict.fromkeys(models, some),
                    requester=PersonId(who),
                    started_at=at,
                )

        async def used(besides: str = "", who: str | None = None) -> dict[str, Usage]:
            async with ground.store.begin("spending.look_up") as tx:
                return await tx.used_since(
                    TENANT,
                    NOW,
                    besides=TurnId(besides),
                    requester=None if who is None else PersonId(who),
                )

        assert await used() == {}
        await save("t1", "a", NOW, "m")
        await save("t1", "a", NOW, "m")  # again: it counts once
        await save("t2", "b", LATER, "m", "n")
        await save("t3", "a", NOW - timedelta(seconds=1), "m")
        assert await used() == {"m": some + some, "n": some}
        assert await used(besides="t2") == {"m": some}
        assert await used(who="b") == {"m": some, "n": some}
        assert await used(who="nobody") == {}
        await save("t2", "b", LATER, "n")  # what it had of the other was a guess
        assert await used() == {"m": some, "n": some}

    @on_every_store
    async def test_whoever_looks_at_what_is_left_waits_for_who_looked_before(
        self, ground: Ground
    ):
        passed = asyncio.Event()

        async def next_one() -> None:
            async with ground.store.begin("log.append_with") as tx:
                await tx.lock_use(TENANT)
                passed.set()

        async with (
            asyncio.TaskGroup() as tasks,
            ground.store.begin("log.append_with") as tx,
        ):
            await tx.lock_use(TENANT)
            tasks.create_task(next_one())
            await ground.somebody_waits()
            assert not passed.is_set()
            async with ground.store.begin("log.append_with") as theirs:
                await theirs.lock_use(OTHER)
        assert passed.is_set()
