"""The store in memory: a `bot.ports.store.Store` for simulated processes.

A transaction is a session of a `tests.simulation.database.Database` on the far side of
a wire; its methods send statements there. So a process can be killed or paused between
any two statements, or while one, or the commit, is under way, and what comes of it is
what comes of it with Postgres.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from types import CoroutineType
from typing import Any, Concatenate, ParamSpec, TypeVar

from typing_extensions import override

from bot.errors import DeskhandError, StoreUnavailableError
from bot.ports.store import Point, Store
from bot.protocol.ids import ConversationId
from tests.simulation import (
    store_budgets,
    store_conversations,
    store_log,
    store_people,
    store_shown,
    store_use,
)
from tests.simulation.database import Commit, Database, Session
from tests.simulation.faults import CALM, StoreFaults
from tests.simulation.loop import SimLoop
from tests.simulation.network import Wire
from tests.simulation.notices import Switchboard
from tests.simulation.process import CURRENT, SimProcess
from tests.simulation.tables import Tables

_P = ParamSpec("_P")
_T = TypeVar("_T")

POOL = 10
"""Transactions that one process has open at most."""
CONNECT = 5.0
"""Seconds that it waits for one of them to end before it opens another."""


def over_the_wire(
    statement: "Callable[Concatenate[Session, _P], Awaitable[_T]]",
) -> "Callable[Concatenate[SimTransaction, _P], CoroutineType[Any, Any, _T]]":
    """Return the method that runs ``statement`` in the transaction's session."""

    async def method(self: "SimTransaction", *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await self.send(lambda session: statement(session, *args, **kwargs))

    return method


class SimTransaction:
    """One transaction, as its owner has it: a `bot.ports.store.Transaction`."""

    def __init__(self, store: "SimStore", session: Session) -> None:
        self._store = store
        self._session = session

    async def send(self, statement: Callable[[Session], Awaitable[_T]]) -> _T:
        """Run a statement where the database is."""
        return await self._store.send(self._session, statement)

    claim_conversations = over_the_wire(store_conversations.claim_conversations)
    heartbeat = over_the_wire(store_conversations.heartbeat)
    release = over_the_wire(store_conversations.release)
    require_generation = over_the_wire(store_conversations.require_generation)
    fence_ok = over_the_wire(store_conversations.fence_ok)
    sweep = over_the_wire(store_conversations.sweep)

    first_time = over_the_wire(store_conversations.first_time)
    forget_deliveries = over_the_wire(store_conversations.forget_deliveries)
    deliver = over_the_wire(store_conversations.deliver)
    receive = over_the_wire(store_people.receive)
    notify = over_the_wire(store_conversations.notify)
    read_mail = over_the_wire(store_conversations.read_mail)
    consume = over_the_wire(store_conversations.consume)

    create_turn = over_the_wire(store_log.create_turn)
    append_events = over_the_wire(store_log.append_events)
    load_events = over_the_wire(store_log.load_events)
    set_turn_status = over_the_wire(store_log.set_turn_status)
    set_delivered = over_the_wire(store_log.set_delivered)
    note_failure = over_the_wire(store_log.note_failure)
    mark_degraded = over_the_wire(store_log.mark_degraded)
    open_turns = over_the_wire(store_log.open_turns)
    find_turn = over_the_wire(store_log.find_turn)
    list_turns = over_the_wire(store_log.list_turns)
    so_far = over_the_wire(store_log.so_far)
    save_snapshot = over_the_wire(store_log.save_snapshot)
    load_snapshot = over_the_wire(store_log.load_snapshot)
    turns_to_compact = over_the_wire(store_log.turns_to_compact)
    compact_turn = over_the_wire(store_log.compact_turn)

    save_approval = over_the_wire(store_shown.save_approval)
    lock_approval = over_the_wire(store_shown.lock_approval)
    record_decision = over_the_wire(store_shown.record_decision)
    decisions_of = over_the_wire(store_shown.decisions_of)
    settle_approval = over_the_wire(store_shown.settle_approval)

    record_intent = over_the_wire(store_shown.record_intent)
    record_shown = over_the_wire(store_shown.record_shown)
    load_surfaces = over_the_wire(store_shown.load_surfaces)
    turn_showing = over_the_wire(store_shown.turn_showing)

    lock_use = over_the_wire(store_use.lock_use)
    save_use = over_the_wire(store_use.save_use)
    used_since = over_the_wire(store_use.used_since)

    lock_budgets = over_the_wire(store_budgets.lock_budgets)
    save_budgets = over_the_wire(store_budgets.save_budgets)

    tenant_of = over_the_wire(store_people.tenant_of)
    recognise = over_the_wire(store_people.recognise)
    workspace_of = over_the_wire(store_people.workspace_of)
    find_by_platform = over_the_wire(store_people.find_by_platform)
    link_platform_user = over_the_wire(store_people.link_platform_user)
    remember_address = over_the_wire(store_people.remember_address)
    address_of = over_the_wire(store_people.address_of)

    async def now(self) -> datetime:
        """Return the database's time."""
        return await self.send(_now)


async def _now(session: Session) -> datetime:
    return session.clock


class SimStore(Store):
    """One database for all simulated processes, which fails as it is told to.

    Args:
        loop: The simulation.
        faults: How often what fails.
    """

    def __init__(self, loop: SimLoop, faults: StoreFaults = CALM) -> None:
        self.faults = faults
        """May be replaced at any time; ``delay`` of statements and ``outage_every``
        are the first one's."""
        self.database = Database(loop)
        self.loop = loop
        self._wire = Wire(loop, *faults.delay)
        self._switchboard = Switchboard(loop)
        self._clients: dict[SimProcess, _Client] = {}
        self._away = False
        if faults.outage_every:
            loop.world.spawn(self._fail_now_and_then(faults.outage_every))

    @property
    def tables(self) -> Tables:
        """What is committed, readable at any time without a transaction."""
        return self.database.tables

    def on_commit(self, tell: Callable[[Commit], None]) -> None:
        """Call ``tell`` at once after every commit that changed something.

        It may look at `tables`, and may kill the process: then that never learns of
        its commit. What it raises ends the simulation.
        """
        self.database.watch(tell)

    # ------------------------------------------------------------------------- outages

    def go_away(self) -> None:
        """Stop the whole database: transactions and connections end."""
        self._away = True
        self.database.abort_all("the database went away")
        self._switchboard.cut_all()

    def come_back(self) -> None:
        """Start the database again."""
        self._away = False

    async def _fail_now_and_then(self, every: float) -> None:
        while True:
            await asyncio.sleep(self.loop.random.expovariate(1 / every))
            if self.faults.outage_every:
                self.go_away()
                low, high = self.faults.outage_for
                await asyncio.sleep(self.loop.random.uniform(low, high))
                self.come_back()

    # ----------------------------------------------------------------------- the port

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        await self._switchboard.listen(hear, on_connect, lambda: self._away)

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[SimTransaction]:
        client = self._client()
        async with client.place():
            if self._away:
                await self.loop.delay(*self.faults.delay)
                raise StoreUnavailableError("cannot connect: the database is away")
            session = self.database.open(client.process, point)
            client.sessions[session] = None
            try:
                yield SimTransaction(self, session)
            except BaseException:
                await self._request(session, self._roll_back)
                raise
            else:
                await self._request(session, self._commit)
            finally:
                client.sessions.pop(session, None)

    async def send(
        self, session: Session, statement: Callable[[Session], Awaitable[_T]]
    ) -> _T:
        """Run a statement in a session, unless it fails as it is told to."""

        async def slowed(session: Session) -> _T:
            if self.loop.chance(self.faults.slow):
                self.loop.happened["statement slow"] += 1
                await self.loop.delay(*self.faults.slow_for)
            return await statement(session)

        async def run(session: Session) -> _T:
            if self.loop.chance(self.faults.statement):
                self.loop.happened["connection cut"] += 1
                session.abort("the connection was cut")
            return await session.run(slowed)

        return await self._request(session, run)

    async def _roll_back(self, session: Session) -> None:
        session.abort("rolled back")

    async def _commit(self, session: Session) -> None:
        if self.loop.chance(self.faults.commit_refused):
            self.loop.happened["commit refused"] += 1
            session.abort("the commit was refused")
        session.commit()
        for _, conversation in session.notices:
            self._switchboard.tell(conversation, self.faults)
        if self.loop.chance(self.faults.commit_unknown):
            self.loop.happened["answer to a commit lost"] += 1
            raise StoreUnavailableError("the connection broke during the commit")

    async def _request(
        self, session: Session, serve: Callable[[Session], Awaitable[_T]]
    ) -> _T:
        """Send something to the database; it is served whatever becomes of us."""

        async def served() -> _T:
            try:
                return await serve(session)
            except DeskhandError:
                raise
            except Exception as error:
                self.loop.fail(error)  # a mistake of the simulation itself
                raise
            finally:
                session.in_flight -= 1
                if session.process.dead:
                    self._forget(session)

        session.in_flight += 1
        return await self._wire.call(served)

    # ----------------------------------------------------------------------- processes

    def _client(self) -> "_Client":
        process = CURRENT.get()
        client = self._clients.get(process)
        if client is None:
            client = self._clients[process] = _Client(process)
            process.on_exit(lambda: self._lose(client))
        return client

    def _lose(self, client: "_Client") -> None:
        """Notice, a moment later, that a process is gone."""
        del self._clients[client.process]
        context = self.loop.world.context()
        for session in client.sessions:
            late = self.loop.latency(*self.faults.delay)
            self.loop.call_later(late, self._forget, session, context=context)

    @staticmethod
    def _forget(session: Session) -> None:
        """Roll back what nobody will end; what was sent before is served first."""
        if not session.in_flight:
            session.abort("its process is gone")


class _Client:
    """One process's pool of connections."""

    def __init__(self, process: SimProcess) -> None:
        self.process = process
        self.sessions: dict[Session, None] = {}
        self._pool = asyncio.Semaphore(POOL)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Take a connection for the block."""
        try:
            async with asyncio.timeout(CONNECT if self._pool.locked() else None):
                await self._pool.acquire()
        except TimeoutError as error:
            raise StoreUnavailableError("no connection is free") from error
        try:
            yield
        finally:
            self._pool.release()
