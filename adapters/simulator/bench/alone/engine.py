"""The engine as the workloads use it: say something, and be told what was committed."""

import asyncio
import resource
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from typing_extensions import override

from adapters.simulator.bench.company import slack_id
from bot.clock import Clock
from bot.engine.delivery import Delivery
from bot.engine.ingress import Ingress
from bot.engine.kit import Kit
from bot.engine.worker import Worker
from bot.errors import DeskhandError
from bot.ports.rows import Claim
from bot.ports.store import Transaction
from bot.protocol.events import Recorded
from bot.protocol.ids import TenantId, TurnId, turn_id_for
from bot.protocol.inbound import Address, Said, UserRef
from bot.turn.state import TurnState

WORKSPACE = "T0ALONE"
_ENDS = ("turn.completed", "turn.failed", "turn.cancelled")
_LOOK = 0.002
_STAFF = 50
"""How many people speak, in turn."""


class AloneError(DeskhandError):
    """The engine did not take what it was told."""

    hint = "Read what the process wrote; its log is named above."


class Silent(Delivery):
    """Shows nothing to anybody, and counts everything as shown."""

    @override
    def show(self, claim: Claim, state: TurnState) -> None:
        pass

    @override
    async def adopt(self, claim: Claim, state: TurnState) -> None:
        pass

    @override
    def settled(self, turn_id: TurnId) -> bool:
        return True

    @override
    async def note(self, tx: Transaction, turn_id: TurnId, seq: int) -> None:
        pass

    @override
    def forget(self, turn_id: TurnId) -> None:
        pass

    @override
    @contextmanager
    def watching(
        self, turns: Collection[TurnId], tell: Callable[[], None]
    ) -> Generator[None]:
        yield


@dataclass(slots=True)
class _Seen:
    """What was heard of one turn."""

    at: dict[str, float] = field(default_factory=dict[str, float])
    """When (monotonic) the first event of each type was committed."""
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, kw_only=True)
class Alone:
    """The engine, built and not yet running."""

    kit: Kit
    worker: Worker
    ingress: Ingress
    tenant: TenantId
    _said: int = 0
    _seen: dict[TurnId, _Seen] = field(default_factory=dict[TurnId, _Seen])

    @property
    def clock(self) -> Clock:
        """The engine's."""
        return self.kit.clock

    @property
    def commits(self) -> float:
        """How many group commits there were."""
        registry = self.kit.telemetry.registry
        return registry.get_sample_value("deskhand_commits_total") or 0.0

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Run the engine for the block."""
        stop = self.kit.writer.follow(self._hear)
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self.kit.writer.run()),
                tasks.create_task(self.kit.delivery.run()),
                tasks.create_task(self.worker.run()),
            ]
            try:
                yield
            finally:
                stop()
                for task in background:
                    task.cancel()

    async def say(self, text: str = "Hello!") -> TurnId:
        """Deliver a message in a thread of its own; return the turn that it starts.

        Returns once it is committed, when a webhook would be answered.

        Raises:
            AloneError: It was not accepted.
        """
        self._said += 1
        number = self._said
        key = f"said-{number}-{self.clock.monotonic()}"
        user = slack_id(number % _STAFF)
        address = Address(
            platform="slack",
            workspace=WORKSPACE,
            channel=f"D{user[1:]}",
            thread=key,
            user=user,
            personal=True,
        )
        turn_id = turn_id_for(self.tenant, address.conversation_id, key)
        self._seen[turn_id] = _Seen()
        taken = await self.ingress.accept(
            Said(
                delivery_id=key,
                said_key=key,
                user=UserRef(platform="slack", workspace=WORKSPACE, user_id=user),
                at=self.clock.now(),
                address=address,
                text=text,
            )
        )
        if taken.outcome != "accepted":
            raise AloneError(f"a message was answered with {taken.outcome!r}")
        return turn_id

    async def ended(self, turn_ids: Iterable[TurnId]) -> None:
        """Return when the turns' ends are committed."""
        for turn_id in turn_ids:
            await self.happened(turn_id, *_ENDS)
            del self._seen[turn_id]

    async def happened(self, turn_id: TurnId, *types: str) -> float:
        """Return when (monotonic) the turn's first event of these types came."""
        seen = self._seen[turn_id]
        while True:
            if found := [at for kind, at in seen.at.items() if kind in types]:
                return min(found)
            seen.news.clear()
            await seen.news.wait()

    async def at_rest(self) -> None:
        """Return when the worker has let every conversation go."""
        while self.worker.conversations:
            await self.clock.sleep(_LOOK)

    def _hear(self, batch: Sequence[Recorded]) -> None:
        if seen := self._seen.get(batch[0].turn_id):
            now = self.clock.monotonic()
            for recorded in batch:
                seen.at.setdefault(recorded.event.type, now)
            seen.news.set()


def cpu_now() -> float:
    """Return the CPU seconds that this process has used, in user and kernel mode."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
