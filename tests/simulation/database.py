"""A database in memory with Postgres' manners: READ COMMITTED, row locks, aborts.

It runs on the far side of a wire, in the world: a killed process's transaction is
rolled back here, and a paused one's after `IDLE`. What a transaction has written is its
own until it commits; a row that it has written or locked is its own until it ends.

A statement sees what is committed when it reads. Where it waits for a lock it reads
what is there once the lock is held: Postgres does so for the locked row; for others it
would read what was there before, which no statement of the engine depends on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from bot.errors import StoreRefusedError, StoreUnavailableError
from bot.protocol.ids import ConversationId, TenantId
from tests.simulation.loop import SimLoop
from tests.simulation.process import EPOCH, SimProcess
from tests.simulation.table import Change, K, Key, R, Table
from tests.simulation.tables import Tables

T = TypeVar("T")

IDLE = 3.0
"""Seconds after which a transaction whose owner stands still is rolled back."""
STATEMENT = 15.0
"""Seconds after which a statement that waits is given up."""
DEADLOCK = 1.0
"""Seconds of waiting after which a statement looks whether it waits for itself."""

Place: TypeAlias = tuple[str, Key]
"""A row, there or not: what is locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What one transaction made true."""

    number: int
    point: str
    """The name under which it was opened."""
    process: SimProcess
    """Who opened it; may not know yet, or be dead."""
    at: datetime
    changes: tuple[Change, ...]


@dataclass(eq=False, slots=True)
class _Lock:
    holder: "Session"
    queue: "list[_Waiter]" = field(default_factory=list["_Waiter"])


@dataclass(eq=False, slots=True)
class _Waiter:
    session: "Session"
    lock: _Lock
    granted: asyncio.Future[None]


class Session:
    """One transaction, as the database sees it. Statements are functions of it."""

    def __init__(self, database: "Database", process: SimProcess, point: str) -> None:
        self.tables = database.tables
        self.process = process
        self.point = point
        self.started = self.now = database.now()
        """``now`` is when the current statement began."""
        self.over = ""
        """Why it takes no more statements; empty while it does."""
        self.in_flight = 0
        """Requests sent and not served yet."""
        self.waiter: _Waiter | None = None
        self.notices: dict[tuple[TenantId, ConversationId], None] = {}
        self._database = database
        self._writes: dict[Table[Any, Any], dict[Any, Any]] = {}
        self._held: dict[Place, None] = {}
        self._busy = False
        self._rested_at = database.loop.time()
        # In the world: whoever opens it may stand still, which is what this is for.
        self._idle = database.loop.call_later(
            IDLE, self._look_if_idle, context=database.loop.world.context()
        )

    async def run(self, statement: Callable[["Session"], Awaitable[T]]) -> T:
        """Run one statement; an error ends the transaction.

        Raises:
            StoreUnavailableError: The transaction is over.
        """
        self._check()
        self._busy = True
        self.now = self._database.now()
        try:
            return await statement(self)
        except (StoreUnavailableError, StoreRefusedError) as error:
            self.abort(str(error))
            raise
        finally:
            self._busy = False
            self._rested_at = self._database.loop.time()

    def _check(self) -> None:
        if self.over:
            raise StoreUnavailableError(f"the transaction is over: {self.over}")

    @property
    def clock(self) -> datetime:
        """The database's time at this moment, within a statement too."""
        return self._database.now()

    # ------------------------------------------------------------------------- reading

    def get(self, table: Table[K, R], key: K) -> R | None:
        """Return a row as this transaction sees it."""
        mine = self._writes.get(table)
        if mine is not None and key in mine:
            return mine[key]
        return table.rows.get(key)

    def rows(self, table: Table[K, R], *group: object) -> Mapping[K, R]:
        """Return all rows, or those whose keys begin so."""
        committed = table.of(*group)
        mine = self._writes.get(table)
        if not mine:
            return committed
        seen = dict(committed)
        for key, row in mine.items():
            if row is None:
                seen.pop(key, None)
            elif table.holds(key, group):
                seen[key] = row
        return seen

    # ------------------------------------------------------------------------- writing

    def put(self, table: Table[K, R], key: K, row: R) -> None:
        """Write a row; the caller holds its lock, or one that guards it.

        Raises:
            StoreRefusedError: It breaks a rule of its table.
        """
        for sentence, keeps in table.rules.items():
            if not keeps(row):
                raise StoreRefusedError(
                    f"new row of {table.name!r} violates {sentence!r}"
                )
        if table.parent is not None:
            above, above_key = table.parent(key, row)
            if self.get(above, above_key) is None:
                raise StoreRefusedError(
                    f"{table.name} {key!r} needs {above.name} {above_key!r}"
                )
        self._writes.setdefault(table, {})[key] = row

    def remove(self, table: Table[K, R], key: K) -> None:
        """Remove a row; as with `put`, under a lock."""
        self._writes.setdefault(table, {})[key] = None

    # ------------------------------------------------------------------------- locking

    async def lock(self, table: Table[K, R], key: K) -> R | None:
        """Make a row, there or not, this transaction's own; return it as it is then.

        Raises:
            StoreUnavailableError: It waited too long, or for itself.
        """
        if not self.try_lock(table, key):
            await self._wait(self._database.locks[table.name, key])
            self._check()
        return self.get(table, key)

    def try_lock(self, table: Table[K, R], key: K) -> bool:
        """Lock a row unless somebody else has it: SKIP LOCKED."""
        self._check()
        place = (table.name, key)
        lock = self._database.locks.get(place)
        if lock is None:
            self._database.locks[place] = _Lock(self)
            self._held[place] = None
        return lock is None or lock.holder is self

    async def take_key(self, table: Table[K, R], key: K) -> bool:
        """Make a new row's key this transaction's own: ON CONFLICT DO NOTHING.

        Waits for whoever is about to insert it; False if it is there.
        """
        place = (table.name, key)
        had = place in self._held
        if await self.lock(table, key) is None:
            return True
        if not had:
            del self._held[place]
            self._database.release(place)
        return False

    async def _wait(self, lock: _Lock) -> None:
        loop = self._database.loop
        waiter = _Waiter(self, lock, loop.create_future())
        lock.queue.append(waiter)
        self.waiter = waiter
        timers = (
            loop.call_later(DEADLOCK, self._look_for_deadlock, waiter),
            loop.call_later(STATEMENT, self._give_up, waiter, "statement timeout"),
        )
        self._database.tell_waiting()
        try:
            await waiter.granted
        finally:
            self.waiter = None
            for timer in timers:
                timer.cancel()

    def own(self, place: Place) -> None:
        """Take note of a lock that was waited for."""
        self._held[place] = None

    def _look_for_deadlock(self, waiter: _Waiter) -> None:
        seen: list[Session] = []
        other = waiter.lock.holder
        while other is not self and other.waiter is not None and other not in seen:
            seen.append(other)
            other = other.waiter.lock.holder
        if other is self:
            self._give_up(waiter, "deadlock detected")

    @staticmethod
    def _give_up(waiter: _Waiter, why: str) -> None:
        if not waiter.granted.done():
            waiter.lock.queue.remove(waiter)
            waiter.granted.set_exception(StoreUnavailableError(f"gave up: {why}"))

    # ------------------------------------------------------------------------- the end

    def commit(self) -> None:
        """Make everything true at once.

        Raises:
            StoreUnavailableError: The transaction is over already.
        """
        self._check()
        changes = [
            table.write(key, row)
            for table, rows in self._writes.items()
            for key, row in rows.items()
        ]
        self._end("committed")
        self._database.committed(self, tuple(changes))

    def abort(self, why: str) -> None:
        """Roll back; what is written is forgotten."""
        if not self.over:
            if self.waiter is not None:
                self._give_up(self.waiter, why)
            self._end(why)

    def _end(self, why: str) -> None:
        self.over = why
        self._idle.cancel()
        held, self._held = self._held, {}
        for place in held:
            self._database.release(place)
        self._database.sessions.pop(self, None)

    def _look_if_idle(self) -> None:
        loop = self._database.loop
        since = loop.time() if self._busy else self._rested_at
        until = since + IDLE  # not a difference, which may be a little less
        if loop.time() >= until:
            self.abort("idle-in-transaction timeout")
        else:
            self._idle = loop.call_at(until, self._look_if_idle)


class Database:
    """Tables, who locks what in them, and who wants to know of commits."""

    def __init__(self, loop: SimLoop) -> None:
        self.loop = loop
        self.tables = Tables()
        self.locks: dict[Place, _Lock] = {}
        self.sessions: dict[Session, None] = {}
        self.commits = 0
        self._watchers: list[Callable[[Commit], None]] = []
        self._tell_waiting: asyncio.Event | None = None

    def now(self) -> datetime:
        """Return the database's time, which is the true one."""
        return EPOCH + timedelta(seconds=self.loop.time())

    def open(self, process: SimProcess, point: str) -> Session:
        """Begin a transaction."""
        session = Session(self, process, point)
        self.sessions[session] = None
        return session

    def watch(self, tell: Callable[[Commit], None]) -> None:
        """Call ``tell`` at once after every commit that changed something.

        What it raises ends the simulation.
        """
        self._watchers.append(tell)

    def abort_all(self, why: str) -> None:
        """Roll back whatever is under way."""
        for session in list(self.sessions):
            session.abort(why)

    async def somebody_waits(self) -> None:
        """Return once a statement waits for a lock."""
        while not any(session.waiter for session in self.sessions):
            self._tell_waiting = asyncio.Event()
            await self._tell_waiting.wait()

    # ------------------------------------------------------------------ for sessions

    def release(self, place: Place) -> None:
        """Give a lock to whoever waits for it longest, or to nobody."""
        lock = self.locks[place]
        if not lock.queue:
            del self.locks[place]
            return
        waiter = lock.queue.pop(0)
        lock.holder = waiter.session
        waiter.session.own(place)
        waiter.granted.set_result(None)

    def tell_waiting(self) -> None:
        """Tell who wants to know that somebody waits."""
        if self._tell_waiting is not None:
            self._tell_waiting.set()

    def committed(self, session: Session, changes: tuple[Change, ...]) -> None:
        """Tell everybody who watches."""
        if not changes:
            return
        self.commits += 1
        keys = [(change.table, change.key) for change in changes]
        self.loop.note(f"{session.process.name} committed {session.point}: {keys!r}")
        commit = Commit(
            number=self.commits,
            point=session.point,
            process=session.process,
            at=self.now(),
            changes=changes,
        )
        for tell in self._watchers:
            try:
                tell(commit)
            except BaseException as error:  # noqa: BLE001 - a broken invariant
                self.loop.fail(error)
