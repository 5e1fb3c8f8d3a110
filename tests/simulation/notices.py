"""LISTEN and NOTIFY of a simulated database: late, lost, and cut off now and then."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.protocol.ids import ConversationId
from tests.simulation.faults import StoreFaults
from tests.simulation.loop import SimLoop
from tests.simulation.process import CURRENT, SimProcess

RETRY = (0.2, 2.0)
"""Seconds after which a listener connects again."""


@dataclass(eq=False, slots=True)
class _Ear:
    process: SimProcess
    news: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[ConversationId] = field(default_factory=list[ConversationId])
    cut: bool = False

    def hear(self, conversation: ConversationId) -> None:
        self.heard.append(conversation)
        self.news.set()

    def break_off(self) -> None:
        self.cut = True
        self.news.set()


class Switchboard:
    """Tells every listener of every notification, more or less."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._ears: dict[_Ear, None] = {}

    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        on_connect: Callable[[], None],
        is_away: Callable[[], bool],
    ) -> None:
        """Call ``hear`` for what is told, until cancelled; connect again and again."""
        while True:
            if not is_away():
                await self._listen_once(hear, on_connect)
            await self._loop.delay(*RETRY)

    async def _listen_once(
        self,
        hear: Callable[[ConversationId], None],
        on_connect: Callable[[], None],
    ) -> None:
        ear = _Ear(CURRENT.get())
        self._ears[ear] = None
        try:
            on_connect()
            while not ear.cut:
                await ear.news.wait()
                ear.news.clear()
                heard, ear.heard = ear.heard, []
                for conversation in heard:
                    hear(conversation)
        finally:
            self._ears.pop(ear, None)

    def tell(self, conversation: ConversationId, faults: StoreFaults) -> None:
        """Notify every listener after a while."""
        for ear in list(self._ears):
            if ear.process.dead:
                del self._ears[ear]
            elif self._loop.chance(faults.listener_cut):
                self._loop.happened["listener cut"] += 1
                self._loop.call_soon(ear.break_off)
            elif self._loop.chance(faults.notice_lost):
                self._loop.happened["notification lost"] += 1
            else:
                late = self._loop.latency(*faults.delay)
                self._loop.call_later(late, ear.hear, conversation)

    def cut_all(self) -> None:
        """Break every listener's connection."""
        for ear in self._ears:
            ear.break_off()
