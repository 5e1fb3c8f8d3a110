"""Read the log for people: lists, one turn's events, and following along live.

This process's own commits are told at once; those of other replicas are seen by a
slow look at the table. Either way a follower reads rows by number, so nothing is
missed and nothing comes twice.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from typing_extensions import override

from bot.engine.log import LogWriter
from bot.engine.turns import read_whole, readable
from bot.ports.journal import Journal, TurnRow
from bot.ports.store import Store
from bot.protocol.events import (
    Recorded,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
)
from bot.protocol.ids import TurnId

_ENDS = (TurnCompleted, TurnFailed, TurnCancelled)
_ENDED = frozenset({"completed", "failed", "cancelled"})
POLL = 1.0
"""Seconds between looks for what other replicas committed."""


class StoredJournal(Journal):
    """The log of one tenant's turns, or of all."""

    def __init__(self, store: Store, writer: LogWriter | None = None) -> None:
        self._store = store
        self._writer = writer

    @override
    async def turns(self, *, limit: int = 50) -> Sequence[TurnRow]:
        async with self._store.begin("journal.read") as tx:
            return await tx.list_turns(limit=limit)

    @override
    async def events(self, turn_id: TurnId, *, after: int = 0) -> Sequence[Recorded]:
        events, _ = await self._read(turn_id, after)
        return events

    @override
    async def follow(
        self, turn_id: TurnId, *, after: int = 0
    ) -> AsyncIterator[Recorded]:
        async for _ in self._commits(turn_id):
            events, over = await self._read(turn_id, after)
            for recorded in events:
                after = recorded.seq
                yield recorded
                over = over or isinstance(recorded.event, _ENDS)
            if over:
                return

    @override
    async def follow_all(self) -> AsyncIterator[Recorded]:
        if self._writer is None:
            return
        queue: asyncio.Queue[Sequence[Recorded]] = asyncio.Queue()
        stop = self._writer.follow(queue.put_nowait)
        try:
            while True:
                for recorded in await queue.get():
                    yield recorded
        finally:
            stop()

    async def _read(
        self, turn_id: TurnId, after: int
    ) -> tuple[Sequence[Recorded], bool]:
        """Return a turn's events after a number, and whether there will be no more.

        There will be none of a turn that is not there.
        """
        async with self._store.begin("journal.read") as tx:
            turn = await tx.find_turn(turn_id)
            if turn is None:
                return [], True
            if turn.compacted_seq:
                events = await read_whole(tx, turn)
                events = [recorded for recorded in events if recorded.seq > after]
            else:
                rows = await tx.load_events(turn.tenant_id, turn_id, after=after)
                events = readable(turn_id, rows)
        return events, turn.status in _ENDED and not events

    async def _commits(self, turn_id: TurnId) -> AsyncIterator[None]:
        """Yield at once, after each commit to this turn here, and every `POLL`."""
        news = asyncio.Event()
        news.set()

        def tell(batch: Sequence[Recorded]) -> None:
            if batch[0].turn_id == turn_id:
                news.set()

        stop = self._writer.follow(tell) if self._writer else lambda: None
        try:
            while True:
                try:
                    async with asyncio.timeout(POLL):
                        await news.wait()
                except TimeoutError:
                    pass
                news.clear()
                yield
        finally:
            stop()
