"""A store that loses what it is told to lose: answers, or notifications."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from typing_extensions import override

from bot.errors import StoreUnavailableError
from bot.ports.store import Point, Store, Transaction
from bot.protocol.ids import ConversationId


class FaultyStore(Store):
    """Passes everything on to a real store, except what it loses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lose_answers: list[Point] = []
        """The next commits at these points happen, and are not heard of."""
        self.deaf = False
        """Whether no notification arrives."""

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        async with self._store.begin(point) as tx:
            yield tx
        if point in self.lose_answers:
            self.lose_answers.remove(point)
            raise StoreUnavailableError("the connection broke during the commit")

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        await self._store.listen(hear, on_connect=on_connect)
