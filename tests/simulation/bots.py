"""One simulated bot: the real engine in a simulated process, wired as the roof does."""

import asyncio
from typing import Protocol, cast

from typing_extensions import override

from bot.clock import SyncedClock
from bot.engine.delivery import Delivery
from bot.engine.ingress import Ingress
from bot.engine.kit import Kit
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.sweeper import Sweeper
from bot.engine.telemetry import Telemetry
from bot.engine.timekeeper import Timekeeper
from bot.engine.worker import Worker
from bot.errors import StoreUnavailableError
from bot.pacing.pacer import Pacer
from bot.ports.inbox import Acceptance
from bot.ports.records import Records
from bot.ports.rows import Claim
from bot.ports.surface import Platform
from bot.protocol.ids import ConversationId, PlatformName
from bot.protocol.inbound import Inbound
from bot.turn.state import TurnState
from tests.simulation.agents import SimAgents
from tests.simulation.halls import Hall
from tests.simulation.loop import SimLoop
from tests.simulation.platforms import SimPlatform
from tests.simulation.process import SimProcess
from tests.simulation.recipe import Recipe
from tests.simulation.records import SimRecords
from tests.simulation.store import SimStore
from tests.simulation.works import Works

DRAIN_SECONDS = 20.0
"""As in `bot.app.run`."""


class Watcher(Protocol):
    """Whoever compares what bots hold in memory with what is committed."""

    def believes(self, process: SimProcess, state: TurnState) -> None:
        """A bot takes this for the committed state of a turn."""
        ...


class _WatchedDelivery(Delivery):
    watcher: Watcher
    process: SimProcess

    @override
    def show(self, claim: Claim, state: TurnState) -> None:
        self.watcher.believes(self.process, state)
        super().show(claim, state)

    @override
    async def adopt(self, claim: Claim, state: TurnState) -> None:
        self.watcher.believes(self.process, state)
        await super().adopt(claim, state)


class SimBot:
    """A running bot.

    Args:
        loop: The simulation.
        name: Unique; also its worker's id.
        recipe: What kind of world it is in.
        store: Where it keeps everything.
        halls: The platforms.
        works: What its tools change.
        watcher: Who looks over its shoulder.
        skew: Seconds by which its clock is ahead.
    """

    def __init__(
        self,
        loop: SimLoop,
        name: str,
        *,
        recipe: Recipe,
        store: SimStore,
        halls: dict[PlatformName, Hall],
        works: Works,
        watcher: Watcher,
        skew: float = 0.0,
    ) -> None:
        self.name = name
        self.process = loop.process(name, clock_skew=skew)
        self.draining = False
        self.awake_since = loop.time()
        """Since when it runs; infinity while it is paused."""
        clock = SyncedClock(self.process.clock)
        telemetry = Telemetry()
        theirs: dict[PlatformName, SimPlatform] = {
            platform: SimPlatform(hall, self.process, clock)
            for platform, hall in halls.items()
        }
        platforms: dict[PlatformName, Platform] = {**theirs}
        records = SimRecords(store, store.database)
        agents = SimAgents(loop, recipe, works=works, records=records, clock=clock)
        delivery = _WatchedDelivery(
            store=store,
            platforms=platforms,
            streams={name: at.streams for name, at in theirs.items() if recipe.streams},
            reach=Reach(store, records, platforms),
            pacer=Pacer(),
            clock=clock,
            telemetry=telemetry,
            footer=agents.footer(),
        )
        delivery.watcher, delivery.process = watcher, self.process
        self.kit = Kit(
            store=store,
            clock=clock,
            writer=LogWriter(store, clock, telemetry),
            performer=Performer(agents, clock),
            delivery=delivery,
            records=cast("Records", records),
            telemetry=telemetry,
        )
        self.worker = Worker(self.kit, worker_id=name)
        self._ingress = Ingress(store, platforms, clock, telemetry)
        self._sweeper = Sweeper(self.kit)
        self._timekeeper = Timekeeper(store, clock)
        self._stopping = asyncio.Event()
        self.process.on_crash(self._crashed)
        self.process.spawn(self._main())

    @property
    def alive(self) -> bool:
        """Whether it runs, or would if it were not paused."""
        return not self.process.dead

    @property
    def takes(self) -> bool:
        """Whether it takes deliveries in."""
        return self.alive and not self.draining

    def fence_of(self, conversation: ConversationId) -> int | None:
        """Return with which fence it believes to own a conversation."""
        owned = self.worker._owned.get(conversation)
        return owned.claim.fence if owned else None

    def offer(self, inbound: Inbound) -> asyncio.Task[Acceptance | None]:
        """Take a delivery in; ``None``: not now, the platform is to send it again."""

        async def accept() -> Acceptance | None:
            try:
                return await self._ingress.accept(inbound)
            except StoreUnavailableError:
                return None

        return self.process.spawn(accept())

    def drain(self) -> None:
        """Tell it to end, as by SIGTERM."""
        self.draining = True
        self.process.call(self._stopping.set)

    async def _main(self) -> None:
        """Work until told to drain, as `bot.app` builds it and runs it."""
        await self._timekeeper.look()
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self.kit.writer.run()),
                tasks.create_task(self.kit.delivery.run()),
                tasks.create_task(self._sweeper.run()),
                tasks.create_task(self._timekeeper.run()),
            ]
            working = tasks.create_task(self.worker.run())
            await self._stopping.wait()
            self.worker.drain()
            await asyncio.wait([working], timeout=DRAIN_SECONDS)
            await self.worker.let_go()
            for task in (*background, working):
                task.cancel()
        self.process.kill()

    def _crashed(self, error: BaseException) -> None:
        """Die with an error that the real process would die of."""
        if _only_the_store(error):
            self.process.kill()
        else:
            raise error


def _only_the_store(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_only_the_store, error.exceptions))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return isinstance(error, StoreUnavailableError)
