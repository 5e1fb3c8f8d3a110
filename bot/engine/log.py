"""The log writer: appends of many turns, committed together.

While commits are under way, further appends gather; the next commit takes them
all. So a hundred streaming turns cost as many commits as one. Text that nobody waits
for lingers for company, too; whatever a turn cannot go on without, or is about to be
shown, does not, and takes along what waits. Each append carries its owner's fence and fails alone when the fence has
moved.

What must become true together with its events (an approval's row, a consumed
mailbox row) is passed as ``also`` and gets a transaction of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.clock import Clock
from bot.engine.telemetry import Telemetry
from bot.errors import LeaseLostError, StoreRefusedError, StoreUnavailableError
from bot.ports.rows import Append, Claim
from bot.ports.store import Point, Store, Transaction
from bot.protocol.codec import sealed
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import TurnId

Also: TypeAlias = Callable[[Transaction], Awaitable[None]]
"""Writes that must become true with the events, in their transaction."""

LINGER = 0.02
"""Seconds that what is patient waits for company."""

CROWD = 0.002
"""Seconds that anything waits for company when the last commit had some: then more is
on its way."""
ENOUGH = 100
"""Appends that wait for no more company."""
FLIGHTS = 2
"""Commits under way at once: one is written to disk while the next one is made. A turn
is in one of them at most, as it waits for what it appends."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    append: Append
    done: asyncio.Future[None]


class LogWriter:
    """Commits events of all turns of this process."""

    def __init__(self, store: Store, clock: Clock, telemetry: Telemetry) -> None:
        self._store = store
        self._clock = clock
        self._telemetry = telemetry
        self._queue: list[_Waiting] = []
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._crowded = False
        self._followers: dict[Callable[[Sequence[Recorded]], None], None] = {}

    @property
    def followed(self) -> bool:
        """Whether somebody wants to hear of everything at once."""
        return bool(self._followers)

    def follow(self, tell: Callable[[Sequence[Recorded]], None]) -> Callable[[], None]:
        """Call ``tell`` after each commit of this process; return how to end it."""
        self._followers[tell] = None
        return lambda: self._followers.pop(tell, None)

    async def append(
        self,
        claim: Claim,
        turn_id: TurnId,
        events: Sequence[TurnEvent],
        *,
        first_seq: int,
        before: Sequence[Also] = (),
        also: Sequence[Also] = (),
        at: datetime | None = None,
        point: Point = "log.append_with",
        patient: bool = False,
    ) -> list[Recorded]:
        """Commit ``events`` at ``first_seq`` and the numbers after it.

        Args:
            claim: Proof of ownership.
            turn_id: Whose events they are.
            events: What happened, in order.
            first_seq: Number of the first.
            before: Writes that must come first, e.g. the turn's own row.
            also: Writes that must become true with the events.
            at: When it happened; now, if left out.
            point: Name of the transaction, should it be one of its own.
            patient: Whether it may wait for company.

        Raises:
            LeaseLostError: Somebody else owns the conversation; nothing was written.
            StoreUnavailableError: Postgres is away; nothing was written.
        """
        at = at or self._clock.now()
        pairs = [sealed(event) for event in events]
        recorded = [
            Recorded(turn_id=turn_id, seq=first_seq + n, at=at, event=event)
            for n, (event, _) in enumerate(pairs)
        ]
        append = Append(
            claim=claim,
            turn_id=turn_id,
            first_seq=first_seq,
            bodies=[body for _, body in pairs],
            types=[event.type for event, _ in pairs],
            at=at,
        )
        if also or before:
            await self._commit_alone(point, append, before, also)
        else:
            await self._commit_in_company(append, patient=patient)
        self._telemetry.events.inc(len(recorded))
        for tell in tuple(self._followers):
            tell(recorded)
        return recorded

    async def landed(
        self,
        claim: Claim,
        turn_id: TurnId,
        events: Sequence[TurnEvent],
        first_seq: int,
    ) -> list[Recorded]:
        """Return ``events`` as the log has them; empty if it has others, or none.

        For who was told that Postgres went away in the middle of a commit. What is
        there after the fence has moved may be the next owner's: it decides the same,
        and an intent taken for one's own would have its effect twice.
        """
        async with self._store.begin("turn.load") as tx:
            rows = await tx.load_events(claim.tenant_id, turn_id, after=first_seq - 1)
            ours = await tx.fence_ok(claim)  # last: nobody has written until here
        pairs = [sealed(event) for event in events]
        found = [body for _, _, body in rows[: len(pairs)]]
        if not ours or found != [body for _, body in pairs]:
            return []
        return [
            Recorded(turn_id=turn_id, seq=seq, at=at, event=event)
            for (seq, at, _), (event, _) in zip(rows, pairs, strict=False)
        ]

    async def run(self) -> None:
        """Commit what is appended, until cancelled."""
        flights = asyncio.Semaphore(FLIGHTS)

        async def fly(batch: list[_Waiting]) -> None:
            try:
                await self._commit(batch)
            finally:
                flights.release()

        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._news.wait()
                await flights.acquire()
                await self._gather()
                self._news.clear()
                self._hurry.clear()
                batch, self._queue = self._queue, []
                self._crowded = len(batch) > 1
                tasks.create_task(fly(batch))

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(LINGER):
                await self._hurry.wait()
        except TimeoutError:
            return
        if self._crowded and len(self._queue) < ENOUGH:
            await self._clock.sleep(CROWD)

    async def _commit_in_company(self, append: Append, *, patient: bool) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(append, done))
        self._news.set()
        if len(self._queue) >= ENOUGH or not patient:
            self._hurry.set()
        await done

    async def _commit_alone(
        self,
        point: Point,
        append: Append,
        before: Sequence[Also],
        also: Sequence[Also],
    ) -> None:
        async with self._store.begin(point) as tx:
            for write in before:
                await write(tx)
            written = await tx.append_events([append])
            if append.turn_id not in written:
                raise _lost(append)
            for write in also:
                await write(tx)

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            async with self._store.begin("log.append") as tx:
                written = await tx.append_events([w.append for w in batch])
        except StoreUnavailableError as error:
            for waiting in batch:
                _fail(waiting, error)
            return
        except StoreRefusedError as error:
            await self._commit_apart(batch, error)
            return
        self._telemetry.commits.inc()
        for waiting in batch:
            if waiting.append.turn_id in written:
                if not waiting.done.done():
                    waiting.done.set_result(None)
            else:
                _fail(waiting, _lost(waiting.append))

    async def _commit_apart(
        self, batch: list[_Waiting], error: StoreRefusedError
    ) -> None:
        """Let only the append fail that Postgres refuses, not its company."""
        if len(batch) == 1:
            _fail(batch[0], error)
            return
        for waiting in batch:
            await self._commit([waiting])


def _lost(append: Append) -> LeaseLostError:
    return LeaseLostError(append.claim.conversation_id, fence=append.claim.fence)


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
