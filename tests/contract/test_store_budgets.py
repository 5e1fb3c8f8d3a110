"""What the engine relies on in a store: replicas' shares of the platforms' budgets.

See ``test_store.py``.
"""

import asyncio
from contextlib import suppress

from bot.pacing.lanes import Window
from bot.pacing.shares import Ask, LaneAccount
from bot.ports.store import Transaction
from tests.support.stores import OTHER, TENANT, Ground, on_every_store

MINUTE = (Window(50, 60.0),)
UPDATES, POSTS = "slack/T1/chat.update", "slack/T1/posts"


async def ask(tx: Transaction, me: str, ask: Ask, *lanes: str) -> list[int]:
    accounts = await tx.lock_budgets(TENANT, lanes)
    now = (await tx.now()).timestamp()
    asked = {
        lane: account.exchange(me, ask, MINUTE, now)
        for lane, account in accounts.items()
    }
    await tx.save_budgets(TENANT, {lane: to for lane, (to, _) in asked.items()})
    return [asked[lane][1].held for lane in lanes]


class TestBudgets:
    @on_every_store
    async def test_what_a_replica_holds_no_other_gets(self, ground: Ground) -> None:
        want = Ask(wants=40, live=1)
        first = await ground.do(lambda tx: ask(tx, "a", want, UPDATES, POSTS))
        second = await ground.do(lambda tx: ask(tx, "b", want, POSTS, UPDATES))
        assert (first, second) == ([40, 40], [5, 5])

    @on_every_store
    async def test_replicas_ask_one_after_the_other(self, ground: Ground) -> None:
        async def later() -> list[int]:
            return await ground.do(
                lambda tx: ask(tx, "b", Ask(urgent=45), POSTS, UPDATES)
            )

        async with (
            asyncio.TaskGroup() as tasks,
            ground.store.begin("budget.exchange") as tx,
        ):
            held = await ask(tx, "a", Ask(urgent=45), UPDATES, POSTS)
            second = tasks.create_task(later())
            await ground.somebody_waits()
            assert not second.done()
        assert (held, second.result()) == ([45, 45], [5, 5])

    @on_every_store
    async def test_a_tenants_lanes_are_its_own(self, ground: Ground) -> None:
        await ground.do(lambda tx: ask(tx, "a", Ask(urgent=50), UPDATES))
        theirs = await ground.do(lambda tx: tx.lock_budgets(OTHER, [UPDATES]))
        assert theirs == {UPDATES: LaneAccount()}

    @on_every_store
    async def test_what_is_not_committed_was_never_asked(self, ground: Ground) -> None:
        async def ask_and_die(tx: Transaction) -> None:
            await ask(tx, "a", Ask(urgent=50), UPDATES)
            raise LookupError

        with suppress(LookupError):
            await ground.do(ask_and_die)
        assert await ground.do(lambda tx: ask(tx, "b", Ask(urgent=50), UPDATES)) == [50]
