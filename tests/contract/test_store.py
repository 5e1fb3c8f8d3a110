"""What the engine relies on in a store: claims, fences, mail, and who waits for whom.

Each test runs against Postgres and against the simulation's store, which is what makes
the simulation's findings worth something. Turns are in ``test_store_log.py``, what
people are asked and shown in ``test_store_shown.py``.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import DeskhandError, LeaseLostError, StoreRefusedError
from bot.ports.rows import Claim
from bot.protocol.ids import ConversationId, TenantId
from tests.support.store import all_of
from tests.support.stores import (
    LATER,
    LEASE,
    OTHER,
    TENANT,
    Ground,
    events,
    on_every_store,
    refused,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def take_all(ground: Ground, worker_id: str) -> list[Claim]:
    taken: list[Claim] = []
    while (one := await ground.claim(worker_id=worker_id)) is not None:
        taken.append(one)
    return taken


async def let_go(
    ground: Ground, claim: Claim, next_due: datetime | None = None
) -> bool:
    return await ground.do(lambda tx: tx.release(claim, next_due))


async def consume(ground: Ground, claim: Claim, *seqs: int) -> int:
    return await ground.do(lambda tx: tx.consume(claim, *seqs))


async def mail_of(ground: Ground, claim: Claim) -> list[int]:
    mail = await ground.do(lambda tx: tx.read_mail(claim))
    return [one.mail_seq for one in mail]


@asynccontextmanager
async def listening(ground: Ground) -> AsyncGenerator["asyncio.Queue[ConversationId]"]:
    """Listen for the block; what is heard is in the queue."""
    heard: asyncio.Queue[ConversationId] = asyncio.Queue()
    connected = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        ear = group.create_task(
            ground.store.listen(heard.put_nowait, on_connect=connected.set)
        )
        await connected.wait()
        yield heard
        ear.cancel()


class TestTransactions:
    @on_every_store
    async def test_what_is_not_committed_is_seen_by_its_owner_alone(
        self, ground: Ground
    ):
        held = await ground.own()
        assert held.address is not None
        async with ground.store.begin("ingress.stop") as tx:
            await tx.deliver(TENANT, held.conversation_id, None, "said", "{}")
            assert len(await tx.read_mail(held)) == 2
            assert await mail_of(ground, held) == [1]
        assert await mail_of(ground, held) == [1, 2]

    @on_every_store
    async def test_a_transaction_that_fails_leaves_nothing(self, ground: Ground):
        place = ground.address()

        async def fail() -> None:
            async with ground.store.begin("ingress.stop") as tx:
                await tx.deliver(TENANT, place.conversation_id, place, "said", "{}")
                raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            await fail()
        assert await ground.claim() is None
        assert await ground.send(place) == 1

    @on_every_store
    async def test_after_a_refusal_nothing_of_it_is_kept_whoever_swallows_it(
        self, ground: Ground
    ):
        place = ground.address()

        async def go_on_regardless() -> None:
            async with ground.store.begin("ingress.stop") as tx:
                await tx.deliver(TENANT, place.conversation_id, place, "said", "{}")
                with suppress(Exception):
                    await tx.deliver(TENANT, place.conversation_id, place, "said", "{")

        with suppress(DeskhandError):
            await go_on_regardless()
        assert await ground.send(place) == 1

    @on_every_store
    async def test_a_statement_sees_what_others_committed_before_it(
        self, ground: Ground
    ):
        held = await ground.own()
        assert held.address is not None
        async with ground.store.begin("conversation.mail") as tx:
            assert len(await tx.read_mail(held)) == 1
            await ground.send(held.address)
            assert len(await tx.read_mail(held)) == 2

    @on_every_store
    async def test_time_goes_on_within_a_transaction(self, ground: Ground):
        async with ground.store.begin("clock.follow") as tx:
            assert await tx.now() < await tx.now()


class TestClaims:
    @on_every_store
    async def test_workers_at_once_never_claim_the_same_conversation(
        self, ground: Ground
    ):
        places = [ground.address() for _ in range(30)]
        for place in places:
            await ground.send(place)
        taken = await all_of(take_all(ground, f"w{n}") for n in range(8))
        ids = [one.conversation_id for by_worker in taken for one in by_worker]
        assert sorted(ids) == sorted(place.conversation_id for place in places)

    @on_every_store
    async def test_a_claim_in_flight_is_passed_by(self, ground: Ground):
        first, second = ground.address(), ground.address()
        for place in (first, second):
            await ground.send(place)
        # Of several statements, so that it is held open.
        async with asyncio.timeout(60), ground.store.begin("worker.put_off") as tx:
            flying = await tx.claim_conversations(
                worker_id="w1", lease=LEASE, generation=0, most=1
            )
            assert [claim.address for claim in flying.claims] == [first]
            other = await ground.claim(worker_id="w2")
            assert other is not None and other.address == second
            assert await ground.claim(worker_id="w2") is None

    @on_every_store
    async def test_a_claim_that_is_rolled_back_is_nobodys(self, ground: Ground):
        place = ground.address()
        await ground.send(place)
        with suppress(ValueError):
            async with ground.store.begin("worker.put_off") as tx:
                await tx.claim_conversations(
                    worker_id="w1", lease=LEASE, generation=0, most=1
                )
                raise ValueError("it dies")
        again = await ground.claim(worker_id="w2")
        assert again is not None and again.address == place

    @on_every_store
    async def test_several_are_claimed_at_once_and_the_rest_is_for_others(
        self, ground: Ground
    ):
        places = [ground.address() for _ in range(5)]
        for place in places:
            await ground.send(place)
        first = await ground.claim_some(worker_id="w1", most=3)
        assert [claim.address for claim in first.claims] == places[:3]
        second = await ground.claim_some(worker_id="w2", most=3)
        assert [claim.address for claim in second.claims] == places[3:]

    @on_every_store
    async def test_one_of_several_that_is_locked_is_passed_by(self, ground: Ground):
        places = [ground.address() for _ in range(3)]
        for place in places:
            await ground.send(place)
        async with ground.store.begin("ingress.stop") as tx:
            await tx.deliver(TENANT, places[1].conversation_id, None, "stop", "{}")
            taken = await ground.claim_some(most=5)
        assert [claim.address for claim in taken.claims] == [places[0], places[2]]

    @on_every_store
    async def test_who_claims_hears_when_the_next_lease_of_another_runs_out(
        self, ground: Ground
    ):
        assert (await ground.claim_some()).next_in is None
        await ground.send(ground.address())
        taken = await ground.claim_some(worker_id="w1", lease=timedelta(minutes=1))
        assert taken.next_in is None, "its own lease is no news to it"
        assert (await ground.claim_some(worker_id="w1")).next_in is None
        other = await ground.claim_some(worker_id="w2")
        assert not other.claims
        assert other.next_in is not None
        assert timedelta(seconds=30) < other.next_in <= timedelta(minutes=1)

    @on_every_store
    async def test_who_claims_hears_when_the_next_is_due_that_nobody_holds(
        self, ground: Ground
    ):
        held = await ground.own()
        soon = await ground.now() + timedelta(minutes=2)
        await ground.do(lambda tx: tx.consume(held, 1))
        await ground.do(lambda tx: tx.release(held, soon))
        await ground.send(ground.address())
        taken = await ground.claim_some()
        assert len(taken.claims) == 1
        assert taken.next_in is not None
        assert timedelta(minutes=1) < taken.next_in <= timedelta(minutes=2)

    @on_every_store
    async def test_the_next_due_is_claimed_when_the_first_is_locked(
        self, ground: Ground
    ):
        first, second = ground.address(), ground.address()
        for place in (first, second):
            await ground.send(place)
        async with ground.store.begin("ingress.stop") as tx:
            await tx.deliver(TENANT, first.conversation_id, None, "stop", "{}")
            claimed = await ground.claim()
        assert claimed is not None and claimed.address == second

    @on_every_store
    async def test_the_one_due_longest_is_claimed_first(self, ground: Ground):
        places = [ground.address() for _ in range(3)]
        for place in [*places, places[0]]:
            await ground.send(place)
        assert [one.address for one in await take_all(ground, "w1")] == places

    @on_every_store
    async def test_a_lease_is_due_from_its_end_and_not_from_its_mail(
        self, ground: Ground
    ):
        leased = await ground.own()
        waiting = ground.address()
        await ground.send(waiting)
        await ground.expire(leased)
        order = [one.address for one in await take_all(ground, "w2")]
        assert order == [waiting, leased.address]

    @on_every_store
    async def test_what_is_not_due_is_not_claimed(self, ground: Ground):
        held = await ground.own()
        await consume(ground, held, 1)
        assert await let_go(ground, held)
        assert await ground.claim() is None

    @on_every_store
    async def test_what_needs_a_newer_generation_is_passed_over(self, ground: Ground):
        newer = await ground.own()
        async with ground.store.begin("conversation.release") as tx:
            await tx.require_generation(newer, 2)
            await tx.require_generation(newer, 1)
            await tx.release(newer, LONG_AGO)
        other = ground.address()
        await ground.send(other)
        first = await ground.claim(generation=1)
        assert first is not None and first.address == other
        assert await ground.claim(generation=1) is None
        second = await ground.claim(generation=2)
        assert second is not None and second.address == newer.address

    @on_every_store
    async def test_an_expired_lease_is_taken_over_with_a_larger_fence(
        self, ground: Ground
    ):
        dead, heir = await ground.taken_over()
        assert heir.fence > dead.fence

    @on_every_store
    async def test_a_live_lease_is_not_taken_over(self, ground: Ground):
        held = await ground.own()
        assert held.address is not None
        await ground.send(held.address)
        assert await ground.claim(worker_id="w2") is None

    @on_every_store
    async def test_a_claim_of_a_new_owner_knows_where_it_is(self, ground: Ground):
        place = ground.address()
        await ground.send(place)
        await ground.do(
            lambda tx: tx.deliver(TENANT, place.conversation_id, None, "stop", "{}")
        )
        held = await ground.claim()
        assert held is not None and held.address == place


class TestHeartbeats:
    @on_every_store
    async def test_an_expired_lease_that_nobody_took_is_kept(self, ground: Ground):
        held = await ground.own()
        await ground.expire(held)
        beat = await ground.do(lambda tx: tx.heartbeat([held], LEASE))
        assert beat.keys() == {held.conversation_id}
        assert await ground.claim(worker_id="w2") is None

    @on_every_store
    async def test_lost_claims_are_not_among_those_held(self, ground: Ground):
        dead, heir = await ground.taken_over()
        kept = await ground.own()
        beat = await ground.do(lambda tx: tx.heartbeat([dead, kept], LEASE))
        assert beat.keys() == {kept.conversation_id}
        assert await ground.do(lambda tx: tx.fence_ok(heir))

    @on_every_store
    async def test_it_tells_how_much_mail_there_was(self, ground: Ground):
        held = await ground.own()
        await ground.do(lambda tx: tx.consume(held, 1))
        await ground.do(
            lambda tx: tx.deliver(TENANT, held.conversation_id, None, "stop", "{}")
        )
        beat = await ground.do(lambda tx: tx.heartbeat([held], LEASE))
        assert beat == {held.conversation_id: 2}

    @on_every_store
    async def test_no_claims_are_no_claims(self, ground: Ground):
        assert await ground.do(lambda tx: tx.heartbeat([], LEASE)) == {}

    @on_every_store
    async def test_a_locked_conversation_is_held_and_costs_nobody_a_wait(
        self, ground: Ground
    ):
        locked, free = await ground.own(), await ground.own()
        await ground.expire(locked, free)
        async with ground.store.begin("ingress.stop") as tx:
            await tx.deliver(TENANT, locked.conversation_id, None, "stop", "{}")
            beat = await ground.do(lambda tx: tx.heartbeat([locked, free], LEASE))
            assert beat.keys() == {locked.conversation_id, free.conversation_id}
        taken = await ground.claim(worker_id="w2")
        assert taken is not None and taken.conversation_id == locked.conversation_id
        assert await ground.claim(worker_id="w2") is None

    @on_every_store
    async def test_many_in_any_order_do_not_deadlock(self, ground: Ground):
        held = [await ground.own() for _ in range(10)]

        async def beat(claims: list[Claim]) -> int:
            return len(await ground.do(lambda tx: tx.heartbeat(claims, LEASE)))

        orders = [held, held[::-1], held[5:] + held[:5]] * 3
        assert await all_of(beat(order) for order in orders) == [10] * 9


class TestReleases:
    @on_every_store
    async def test_with_mail_left_it_is_due_at_once(self, ground: Ground):
        held = await ground.own()
        assert await let_go(ground, held)
        assert await ground.claim() is not None

    @on_every_store
    async def test_after_a_failure_it_rests_before_it_is_due(self, ground: Ground):
        held = await ground.own()
        assert await ground.do(
            lambda tx: tx.release(held, None, delay=timedelta(minutes=1))
        )
        assert await ground.claim() is None

    @on_every_store
    async def test_it_is_due_again_when_its_owner_said(self, ground: Ground):
        held = await ground.own()
        await consume(ground, held, 1)
        assert await let_go(ground, held, LONG_AGO)
        again = await ground.claim()
        assert again is not None
        tomorrow = await ground.now() + timedelta(days=1)
        assert await let_go(ground, again, tomorrow)
        assert await ground.claim() is None

    @on_every_store
    async def test_a_deadline_that_has_passed_still_leaves_it_a_rest(
        self, ground: Ground
    ):
        held = await ground.own()
        await consume(ground, held, 1)
        assert await ground.do(
            lambda tx: tx.release(held, LONG_AGO, rest=timedelta(minutes=1))
        )
        assert await ground.claim() is None

    @on_every_store
    async def test_mail_that_comes_during_it_keeps_it_due(self, ground: Ground):
        """The release waits for the delivery's row lock and then sees its mail."""
        held = await ground.own()
        await consume(ground, held, 1)
        begun = ground.store.begin("ingress.stop")
        async with asyncio.TaskGroup() as group, begun as tx:
            await tx.deliver(TENANT, held.conversation_id, None, "said", "{}")
            group.create_task(let_go(ground, held))
            await ground.somebody_waits()
        assert await ground.claim() is not None

    @on_every_store
    async def test_an_old_owner_changes_nothing(self, ground: Ground):
        dead, heir = await ground.taken_over()
        assert not await let_go(ground, dead)
        assert await ground.do(lambda tx: tx.fence_ok(heir))

    @on_every_store
    async def test_a_released_claim_writes_nothing_more(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        await let_go(ground, held)
        assert not await ground.do(lambda tx: tx.fence_ok(held))
        assert not await ground.append(events(held, turn))
        assert not await let_go(ground, held)
        with pytest.raises(LeaseLostError):
            await ground.do(lambda tx: tx.require_generation(held, 1))

    @on_every_store
    async def test_what_is_being_written_cannot_be_claimed_meanwhile(
        self, ground: Ground
    ):
        held = await ground.own()
        await ground.expire(held)
        async with ground.store.begin("conversation.consume") as tx:
            await tx.consume(held)
            assert await ground.claim(worker_id="w2") is None
        assert await ground.claim(worker_id="w2") is not None


class TestSweeps:
    async def late(self, ground: Ground, name: str) -> Claim:
        """Return a claim on a conversation whose turn should have ended two hours ago."""
        held = await ground.own()
        turn = await ground.start(held, name)
        async with ground.store.begin("log.append_with") as tx:
            past = await tx.now() - timedelta(hours=2)
            await tx.set_turn_status(held, turn, "parked", at=LATER, wake_at=past)
            await tx.consume(held, 1)
        return held

    async def sweep(
        self, ground: Ground, grace: timedelta = HOUR, limit: int = 10
    ) -> list[ConversationId]:
        return await ground.do(lambda tx: tx.sweep(grace, limit))

    @on_every_store
    async def test_what_nobody_sees_to_becomes_due(self, ground: Ground):
        held = await self.late(ground, "t")
        await let_go(ground, held)
        assert await ground.claim() is None
        assert await self.sweep(ground) == [held.conversation_id]
        assert await ground.claim() is not None

    @on_every_store
    async def test_what_is_due_later_than_its_deadline_becomes_due_now(
        self, ground: Ground
    ):
        held = await self.late(ground, "t")
        tomorrow = await ground.now() + timedelta(days=1)
        await let_go(ground, held, tomorrow)
        assert await self.sweep(ground) == [held.conversation_id]
        assert await ground.claim() is not None

    @on_every_store
    async def test_what_only_waits_for_a_worker_is_left_alone(self, ground: Ground):
        held = await self.late(ground, "t")
        await let_go(ground, held, LONG_AGO)
        assert await self.sweep(ground) == []

    @on_every_store
    async def test_a_deadline_that_passed_just_now_is_left_alone(self, ground: Ground):
        held = await self.late(ground, "t")
        await let_go(ground, held)
        assert await self.sweep(ground, 3 * HOUR) == []

    @on_every_store
    async def test_an_owner_who_stands_still_loses_it(self, ground: Ground):
        held = await self.late(ground, "t")
        assert await self.sweep(ground, timedelta(0)) == [held.conversation_id]
        assert not await ground.do(lambda tx: tx.fence_ok(held))
        assert await ground.claim(worker_id="w2") is not None

    @on_every_store
    async def test_an_owner_who_has_just_taken_it_keeps_it(self, ground: Ground):
        held = await self.late(ground, "t")
        assert await self.sweep(ground) == []
        assert await ground.do(lambda tx: tx.fence_ok(held))

    @on_every_store
    async def test_what_somebody_writes_to_is_passed_by(self, ground: Ground):
        held = await self.late(ground, "t")
        async with ground.store.begin("conversation.consume") as tx:
            await tx.consume(held)
            assert await self.sweep(ground, timedelta(0)) == []
        assert await self.sweep(ground, timedelta(0)) == [held.conversation_id]

    @on_every_store
    async def test_it_wakes_whoever_listens(self, ground: Ground):
        held = await self.late(ground, "t")
        async with listening(ground) as heard:
            assert await self.sweep(ground, timedelta(0)) == [held.conversation_id]
            assert await heard.get() == held.conversation_id

    @on_every_store
    async def test_so_many_are_swept_and_no_more(self, ground: Ground):
        late = [await self.late(ground, f"t{n}") for n in range(3)]
        swept = await self.sweep(ground, timedelta(0), 2)
        assert len(swept) == 2
        swept += await self.sweep(ground, timedelta(0), 2)
        assert sorted(swept) == sorted(one.conversation_id for one in late)


class TestMail:
    @on_every_store
    async def test_what_comes_at_once_is_numbered_without_gaps(self, ground: Ground):
        place = ground.address()
        numbers = await all_of(ground.send(place) for _ in range(20))
        assert sorted(numbers) == list(range(1, 21))

    @on_every_store
    async def test_it_comes_back_as_it_was_written(self, ground: Ground):
        body = json.dumps({"z": 1, "a": "NUL \x00 and é", "again": [1.50]})
        await ground.send(ground.address(), body, kind="stop")
        held = await ground.claim()
        assert held is not None
        [mail] = await ground.do(lambda tx: tx.read_mail(held))
        assert (mail.mail_seq, mail.kind, mail.body) == (1, "stop", body)

    @on_every_store
    async def test_what_is_no_json_is_refused(self, ground: Ground):
        place = ground.address()
        with pytest.raises(StoreRefusedError):
            await ground.send(place, "{")
        assert await ground.claim() is None

    @on_every_store
    async def test_later_mail_may_be_consumed_before_earlier(self, ground: Ground):
        held = await ground.own()
        assert held.address is not None
        for _ in range(2):
            await ground.send(held.address)
        assert await consume(ground, held, 2) == 2
        assert await mail_of(ground, held) == [1, 3]
        assert await let_go(ground, held)
        assert await ground.claim() is not None

    @on_every_store
    async def test_consuming_twice_counts_once(self, ground: Ground):
        held = await ground.own()
        assert held.address is not None
        await ground.send(held.address)
        async with ground.store.begin("conversation.consume") as tx:
            assert await tx.consume(held, 1) == 1
            assert await tx.consume(held, 1) == 1
        assert await consume(ground, held, 1) == 1

    @on_every_store
    async def test_an_old_owner_consumes_nothing(self, ground: Ground):
        dead, heir = await ground.taken_over()
        assert await refused(consume(ground, dead, 1))
        assert await mail_of(ground, heir) == [1]

    @on_every_store
    async def test_conversations_of_two_tenants_do_not_mix(self, ground: Ground):
        held = await ground.own()
        seq = await ground.do(
            lambda tx: tx.deliver(
                OTHER, held.conversation_id, held.address, "said", "{}"
            )
        )
        assert seq == 1
        assert await mail_of(ground, held) == [1]


class TestDeliveries:
    async def first(
        self, ground: Ground, call: str, said: str, tenant: TenantId = TENANT
    ) -> bool:
        return await ground.do(
            lambda tx: tx.first_time(
                tenant, delivery_id=call, said_key=said, platform="slack"
            )
        )

    @on_every_store
    async def test_one_counts_once_under_either_name(self, ground: Ground):
        assert await self.first(ground, "d1", "s1")
        assert not await self.first(ground, "d1", "s1")
        assert not await self.first(ground, "d2", "s1")
        assert not await self.first(ground, "d1", "s2")
        assert await self.first(ground, "d3", "s3")
        assert await self.first(ground, "s1", "d1")
        assert await self.first(ground, "d1", "s1", OTHER)

    @on_every_store
    async def test_a_duplicate_notes_its_other_name_too(self, ground: Ground):
        assert await self.first(ground, "d1", "s1")
        assert not await self.first(ground, "d1", "s2")
        assert not await self.first(ground, "d3", "s2")

    @on_every_store
    async def test_copies_that_come_at_once_count_once(self, ground: Ground):
        copies = await all_of(self.first(ground, f"d{n % 4}", "s1") for n in range(12))
        assert sum(copies) == 1

    async def second(self, ground: Ground, opened: asyncio.Event) -> bool:
        await opened.wait()
        return await self.first(ground, "d2", "s1")

    async def twin(self, ground: Ground, *, commits: bool) -> bool:
        """Return whether a twin is the first that came while the first was open."""
        begun = ground.store.begin("ingress.stop")
        async with asyncio.TaskGroup() as group:
            twin = group.create_task(self.second(ground, opened := asyncio.Event()))
            with suppress(ValueError):
                async with begun as tx:
                    assert await tx.first_time(
                        TENANT, delivery_id="d1", said_key="s1", platform="slack"
                    )
                    opened.set()
                    await ground.somebody_waits()
                    assert not twin.done()
                    if not commits:
                        raise ValueError("rolled back")
        return twin.result()

    @on_every_store
    async def test_a_twin_waits_and_is_the_duplicate(self, ground: Ground):
        assert not await self.twin(ground, commits=True)

    @on_every_store
    async def test_a_twin_waits_and_is_the_first_if_the_other_fails(
        self, ground: Ground
    ):
        assert await self.twin(ground, commits=False)

    @on_every_store
    async def test_who_waited_for_a_name_that_is_taken_keeps_nobody_waiting(
        self, ground: Ground
    ):
        assert await self.first(ground, "d1", "s1")
        async with ground.store.begin("ingress.stop") as tx:
            assert not await tx.first_time(
                TENANT, delivery_id="d1", said_key="s1", platform="slack"
            )
            assert not await self.first(ground, "d1", "s1")

    @on_every_store
    async def test_names_are_kept_for_days(self, ground: Ground):
        assert await self.first(ground, "d1", "s1")
        assert await ground.do(lambda tx: tx.forget_deliveries()) == 0
        assert not await self.first(ground, "d1", "s1")


class TestNotices:
    @on_every_store
    async def test_a_listener_hears_of_commits_and_of_nothing_else(
        self, ground: Ground
    ):
        async def ring(name: str, *, fail: bool = False) -> None:
            async with ground.store.begin("ingress.stop") as tx:
                await tx.notify(TENANT, ConversationId(name))
                await tx.notify(TENANT, ConversationId(name))
                await tx.now()
                assert heard.empty()
                if fail:
                    raise ValueError(name)

        async with listening(ground) as heard:
            with pytest.raises(ValueError, match="never"):
                await ring("never", fail=True)
            await ring("once")
            assert await heard.get() == "once"
            await ring("again")
            assert await heard.get() == "again"

    @on_every_store
    async def test_a_release_with_mail_left_wakes_others_unless_it_rests(
        self, ground: Ground
    ):
        resting, left, done = [await ground.own() for _ in range(3)]
        await consume(ground, done, 1)
        async with listening(ground) as heard:
            await ground.do(
                lambda tx: tx.release(resting, None, delay=timedelta(minutes=1))
            )
            await let_go(ground, done, LONG_AGO)
            await let_go(ground, left)
            assert await heard.get() == left.conversation_id
