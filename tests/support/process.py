"""One running bot of a `tests.support.engine.House`, watched, and ended as one likes."""

import asyncio
from dataclasses import dataclass, field

from typing_extensions import override

from bot.engine.conversation import Conversation
from bot.engine.kit import Kit
from bot.engine.runner import Runner
from bot.engine.telemetry import Telemetry
from bot.engine.worker import Worker
from bot.ports.rows import Claim
from bot.turn.state import TurnState
from tests.support.house_time import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedKit(Kit):
    """A kit that remembers the runners it made."""

    runners: list[Runner] = field(default_factory=list[Runner])

    @override
    def runner(
        self, state: TurnState, claim: Claim, *, damaged: bool = False
    ) -> Runner:
        # Not super(): it knows the class from before slots were made.
        made = Kit.runner(self, state, claim, damaged=damaged)
        self.runners.append(made)
        return made


class WatchedWorker(Worker):
    """A worker that says when it has let a conversation go."""

    signal: Signal

    @override
    async def _work(
        self, conversation: Conversation, before: asyncio.Task[None] | None
    ) -> None:
        try:
            await super()._work(conversation, before)
        finally:
            self.signal.tell()


@dataclass(slots=True, kw_only=True)
class Process:
    """One running bot."""

    name: str
    kit: WatchedKit
    worker: WatchedWorker
    task: asyncio.Task[None] | None = None

    @property
    def metrics(self) -> Telemetry:
        """Its counters."""
        return self.kit.telemetry

    async def run(self) -> None:
        """Work until drained or killed."""
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self.kit.writer.run()),
                tasks.create_task(self.kit.delivery.run()),
            ]
            await self.worker.run()
            for task in background:
                task.cancel()

    async def kill(self) -> None:
        """End it at once; nothing is handed back."""
        if self.task:
            self.task.cancel()
            await asyncio.wait([self.task])

    async def drained(self) -> None:
        """Let it end in order."""
        self.worker.drain()
        if self.task:
            async with asyncio.timeout(10):
                await self.task
