"""How the simulated store fails. What it does when it works: ``tests/contract``."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from bot.errors import StoreUnavailableError
from bot.ports.store import Transaction
from bot.protocol.ids import ConversationId
from bot.protocol.inbound import Address
from tests.simulation.database import DEADLOCK, IDLE, STATEMENT, Commit
from tests.simulation.faults import CALM, StoreFaults
from tests.simulation.loop import SimLoop
from tests.simulation.process import SimProcess
from tests.simulation.store import CONNECT, POOL, SimStore
from tests.support.stores import TENANT

SEEDS = range(30)
A, B = ConversationId("a"), ConversationId("b")
LOST = StoreFaults(commit_unknown=1.0)


async def deliver(tx: Transaction, to: ConversationId = A) -> int:
    return await tx.deliver(TENANT, to, None, "stop", "{}")


async def send(store: SimStore, to: ConversationId = A) -> None:
    async with store.begin("ingress.message") as tx:
        await deliver(tx, to)


def mail(store: SimStore) -> int:
    return len(store.tables.mailbox.rows)


def simulated(
    main: Callable[[SimStore], Coroutine[Any, Any, None]],
    seed: int = 1,
    faults: StoreFaults = CALM,
) -> SimLoop:
    loop = SimLoop(seed)

    async def run() -> None:
        await main(SimStore(loop, faults))

    loop.run(run())
    return loop


# ------------------------------------------------------------------------------ the dead


def test_a_killed_process_leaves_nothing_and_keeps_nobody_waiting():
    async def main(store: SimStore) -> None:
        wrote = asyncio.Event()

        async def victim() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                wrote.set()
                await asyncio.Event().wait()

        process = store.loop.process("w1")
        process.spawn(victim())
        await wrote.wait()
        process.kill()
        async with asyncio.timeout(1):
            await send(store)
        assert mail(store) == 1

    simulated(main)


def test_a_process_that_dies_at_its_commit_has_committed_or_not():
    ends: set[int] = set()

    async def main(store: SimStore) -> None:
        process = store.loop.process("w1")
        process.spawn(send(store))
        await store.loop.delay(0.0, 0.02)
        process.kill()
        await asyncio.sleep(1)
        ends.add(mail(store))
        await send(store)

    for seed in SEEDS:
        simulated(main, seed)
    assert ends == {0, 1}


def test_what_a_dead_process_sent_is_served_before_its_connection_breaks():
    """Its last statement waits for a lock, gets it, and is rolled back only then."""

    async def main(store: SimStore) -> None:
        process = store.loop.process("w1")
        async with store.begin("ingress.message") as tx:
            await deliver(tx)
            process.spawn(send(store))
            await store.database.somebody_waits()
            process.kill()
            await asyncio.sleep(1)
            assert len(store.database.sessions) == 2
        async with asyncio.timeout(1):
            await send(store)
        assert mail(store) == 2

    simulated(main)


def test_a_process_that_dies_from_within_is_forgotten_too():
    async def main(store: SimStore) -> None:
        process = store.loop.process("w1")

        async def suicide() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                await process.die()

        process.spawn(suicide())
        await asyncio.sleep(1)
        assert not store.database.sessions

    simulated(main)


# ----------------------------------------------------------------------- those who stop


async def _stand_still(
    store: SimStore, process: SimProcess, seconds: float
) -> list[str]:
    """Return what became of a transaction whose owner stood still in its middle."""
    ends: list[str] = []
    wrote = asyncio.Event()

    async def work() -> None:
        try:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                wrote.set()
                await asyncio.sleep(0.5)
                await deliver(tx)
        except StoreUnavailableError as error:
            ends.append(str(error))
        else:
            ends.append("committed")

    process.spawn(work())
    await wrote.wait()
    process.pause()
    await asyncio.sleep(seconds)
    process.resume()
    await asyncio.sleep(1)
    return ends


def test_a_paused_process_does_not_hold_its_locks_for_ever():
    async def main(store: SimStore) -> None:
        process = store.loop.process("w1")
        still = asyncio.create_task(_stand_still(store, process, 60))
        await asyncio.sleep(0.1)
        before = store.loop.time()
        await send(store)
        assert IDLE - 0.2 < store.loop.time() - before < IDLE + 0.2
        [end] = await still
        assert "idle-in-transaction" in end
        assert mail(store) == 1

    simulated(main)


def test_a_short_pause_harms_nobody():
    async def main(store: SimStore) -> None:
        process = store.loop.process("w1")
        assert await _stand_still(store, process, 1.0) == ["committed"]
        assert mail(store) == 2

    simulated(main)


def test_a_cancelled_owner_rolls_back():
    async def main(store: SimStore) -> None:
        async def work() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await work()
        await send(store)
        assert mail(store) == 1

    simulated(main)


def test_cancelled_while_it_waits_for_a_lock_a_statement_gives_it_up():
    async def main(store: SimStore) -> None:
        async with store.begin("ingress.message") as tx:
            await deliver(tx)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await send(store)
            await asyncio.sleep(0.1)
            assert len(store.database.sessions) == 1
        await send(store)
        assert mail(store) == 2

    simulated(main)


# --------------------------------------------------------------------------- who waits


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_that_wait_for_each_other_one_is_ended(seed: int):
    async def main(store: SimStore) -> None:
        meet = asyncio.Barrier(2)

        async def cross(first: ConversationId, second: ConversationId) -> str:
            try:
                async with store.begin("ingress.message") as tx:
                    await deliver(tx, first)
                    await meet.wait()
                    await deliver(tx, second)
            except StoreUnavailableError as error:
                return str(error)
            return ""

        began = store.loop.time()
        async with asyncio.TaskGroup() as tasks:
            ends = [
                tasks.create_task(cross(A, B)),
                tasks.create_task(cross(B, A)),
            ]
        assert sorted(end.result() for end in ends) == [
            "",
            "gave up: deadlock detected",
        ]
        assert store.loop.time() - began < DEADLOCK + 1
        assert mail(store) == 2

    simulated(main, seed)


def test_a_statement_that_waits_too_long_is_given_up():
    async def main(store: SimStore) -> None:
        async with store.begin("ingress.message") as tx:
            await deliver(tx)
            waiting = asyncio.create_task(send(store))
            for _ in range(20):
                await asyncio.sleep(1)
                await tx.now()
            assert store.loop.time() > STATEMENT
            with pytest.raises(StoreUnavailableError, match="timeout"):
                await waiting

    simulated(main)


def test_a_process_has_so_many_connections_and_no_more():
    async def main(store: SimStore) -> None:
        async def hold(n: int) -> None:
            async with store.begin("ingress.message") as tx:
                for _ in range(10):
                    await deliver(tx, ConversationId(f"c{n}"))
                    await asyncio.sleep(2)

        async with asyncio.TaskGroup() as tasks:
            for n in range(POOL):
                tasks.create_task(hold(n))
            await asyncio.sleep(0.1)
            before = store.loop.time()
            with pytest.raises(StoreUnavailableError, match="no connection is free"):
                await send(store)
            assert store.loop.time() - before == pytest.approx(CONNECT)
            await store.loop.process("another").spawn(send(store))
        await send(store)

    simulated(main)


# ------------------------------------------------------------------------------- faults


def test_a_refused_commit_is_told_and_changes_nothing():
    async def main(store: SimStore) -> None:
        with pytest.raises(StoreUnavailableError):
            await send(store)
        assert mail(store) == 0
        store.faults = CALM
        await send(store)
        assert mail(store) == 1

    simulated(main, faults=StoreFaults(commit_refused=1.0))


def test_a_commit_whose_answer_is_lost_is_true():
    async def main(store: SimStore) -> None:
        with pytest.raises(StoreUnavailableError):
            await send(store)
        assert mail(store) == 1

    simulated(main, faults=LOST)


def test_a_statement_that_fails_ends_its_transaction():
    async def main(store: SimStore) -> None:
        async def go_on_regardless() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                store.faults = StoreFaults(statement=1.0)
                with suppress(StoreUnavailableError):
                    await deliver(tx)
                store.faults = CALM
                await deliver(tx)

        with pytest.raises(StoreUnavailableError, match="is over"):
            await go_on_regardless()
        assert mail(store) == 0

    simulated(main)


def test_a_slow_statement_takes_its_time():
    async def main(store: SimStore) -> None:
        began = store.loop.time()
        await send(store)
        assert (
            store.loop.time() - began >= 4.0
        )  # longer than an idle one may stand still
        assert mail(store) == 1

    simulated(main, faults=StoreFaults(slow=1.0, slow_for=(4.0, 5.0)))


def test_while_the_database_is_away_nothing_works_and_then_all_does():
    async def main(store: SimStore) -> None:
        await send(store)

        async def caught_out() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                store.go_away()
                await deliver(tx)

        for attempt in (caught_out, lambda: send(store)):
            with pytest.raises(StoreUnavailableError):
                await attempt()
        store.come_back()
        await send(store)
        assert mail(store) == 2

    simulated(main)


def test_outages_come_and_go_by_themselves():
    async def main(store: SimStore) -> None:
        ends: list[bool] = []
        for _ in range(200):
            await asyncio.sleep(0.5)
            try:
                await send(store)
            except StoreUnavailableError:
                ends.append(False)
            else:
                ends.append(True)
        assert 20 < ends.count(False) < 120
        assert mail(store) == ends.count(True)

    simulated(main, faults=StoreFaults(outage_every=10.0, outage_for=(2.0, 6.0)))


def test_a_waiting_statement_does_not_outlive_an_outage():
    async def main(store: SimStore) -> None:
        async def first() -> None:
            async with store.begin("ingress.message") as tx:
                await deliver(tx)
                second = asyncio.create_task(send(store))
                await store.database.somebody_waits()
                store.go_away()
                with pytest.raises(StoreUnavailableError):
                    await second

        with pytest.raises(StoreUnavailableError):
            await first()
        assert not store.database.locks
        store.come_back()
        await send(store)
        assert mail(store) == 1

    simulated(main)


# ------------------------------------------------------------------------ notifications


class Ear:
    """A process that listens."""

    def __init__(self, store: SimStore) -> None:
        self.heard: list[ConversationId] = []
        self.connected = 0
        self.process = store.loop.process("ear")
        self.process.spawn(store.listen(self.heard.append, on_connect=self._on_connect))

    def _on_connect(self) -> None:
        self.connected += 1


async def ring(store: SimStore, name: str = "a") -> None:
    async with store.begin("ingress.message") as tx:
        await tx.notify(TENANT, ConversationId(name))


def test_lost_notifications_are_lost():
    async def main(store: SimStore) -> None:
        ear = Ear(store)
        for _ in range(100):
            await ring(store)
        await asyncio.sleep(1)
        assert 20 < len(ear.heard) < 80
        assert ear.connected == 1

    simulated(main, faults=StoreFaults(notice_lost=0.5))


@pytest.mark.parametrize("away", [False, True])
def test_a_listener_that_is_cut_off_connects_again(*, away: bool):
    async def main(store: SimStore) -> None:
        ear = Ear(store)
        await ring(store)
        await asyncio.sleep(0.1)
        if away:
            store.go_away()
            await asyncio.sleep(20)
            assert ear.connected == 1
            store.come_back()
        else:
            store.faults = StoreFaults(listener_cut=1.0)
            await ring(store, "lost")
            store.faults = CALM
        await asyncio.sleep(5)
        assert ear.connected == 2
        await ring(store, "again")
        await asyncio.sleep(0.1)
        assert ear.heard == ["a", "again"]

    simulated(main)


def test_a_paused_listener_hears_afterwards_and_a_dead_one_never():
    async def main(store: SimStore) -> None:
        ear, dead = Ear(store), Ear(store)
        await asyncio.sleep(0.1)
        ear.process.pause()
        dead.process.kill()
        await ring(store)
        await asyncio.sleep(10)
        assert ear.heard == []
        ear.process.resume()
        await asyncio.sleep(0.1)
        assert (ear.heard, dead.heard) == ([A], [])

    simulated(main)


# -------------------------------------------------------------------------- who watches


def test_every_commit_is_told_with_what_it_changed():
    async def main(store: SimStore) -> None:
        commits: list[Commit] = []
        store.on_commit(commits.append)
        process = store.loop.process("w1")
        await process.spawn(send(store))
        async with store.begin("ingress.message") as tx:
            await tx.list_turns()
        [commit] = commits
        assert (commit.process, commit.point, commit.number) == (
            process,
            "ingress.message",
            1,
        )
        assert commit.at < store.database.now()
        assert {change.table: change.key for change in commit.changes} == {
            "conversation": (TENANT, A),
            "mailbox": (TENANT, A, 1),
        }
        assert all(change.before is None for change in commit.changes)

    simulated(main)


def test_who_watches_may_kill_whoever_committed():
    async def main(store: SimStore) -> None:
        learned: list[bool] = []
        process = store.loop.process("w1")

        async def work() -> None:
            await send(store)
            learned.append(True)

        store.on_commit(lambda commit: commit.process.kill())
        process.spawn(work())
        await asyncio.sleep(1)
        assert (mail(store), learned) == (1, [])

    simulated(main)


def test_a_broken_invariant_ends_the_simulation_whoever_commits():
    def check(commit: Commit) -> None:
        raise AssertionError(f"broken by {commit.point}")

    async def main(store: SimStore) -> None:
        store.on_commit(check)
        with suppress(Exception):  # as the engine does now and then
            await send(store)
        await asyncio.sleep(1)

    with pytest.raises(AssertionError, match="broken"):
        simulated(main)


# ------------------------------------------------------------------------------- replay


def test_the_same_seed_fails_in_the_same_way():
    faults = StoreFaults(
        statement=0.05,
        slow=0.05,
        commit_refused=0.05,
        commit_unknown=0.05,
        notice_lost=0.1,
        listener_cut=0.05,
        outage_every=5.0,
    )

    async def main(store: SimStore) -> None:
        Ear(store)

        async def work(n: int) -> None:
            for _ in range(20):
                try:
                    async with store.begin("ingress.message") as tx:
                        where = ConversationId(f"c{n % 3}")
                        to = Address(platform="slack", workspace="T1", channel="C1")
                        await tx.deliver(TENANT, where, to, "said", "{}")
                        await tx.notify(TENANT, where)
                except StoreUnavailableError:
                    await store.loop.delay(0.1, 1.0)

        async with asyncio.TaskGroup() as tasks:
            for n in range(6):
                tasks.create_task(work(n))

    first, again = (simulated(main, 7, faults) for _ in range(2))
    assert first.trace == again.trace
    assert simulated(main, 8, faults).trace != first.trace
