"""The whole engine on a real Postgres, with scripted agents and platforms in memory.

A `House` is one company's database and what its people see; a `Process` is one running
bot on it, which can be killed as by ``kill -9``. Whatever a test does, `House.check`
holds at the end: what every runner had in memory is the fold of the log, and what
people see is the view of it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import reduce
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.company.limits import SpendingLimits
from bot.engine.delivery import Delivery
from bot.engine.ingress import Ingress
from bot.engine.journal import StoredJournal
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.reach import Reach
from bot.engine.spending import Spending
from bot.engine.telemetry import Telemetry
from bot.engine.turns import read_turn
from bot.pacing.pacer import Pacer
from bot.ports.inbox import Acceptance
from bot.ports.store import Store
from bot.protocol.events import Recorded
from bot.protocol.ids import ApprovalId, PlatformName, TurnId
from bot.protocol.inbound import (
    Address,
    Continued,
    Decided,
    Said,
    Stopped,
    UserRef,
)
from bot.store.engine import begin
from bot.store.people import link_installation, sync_company
from bot.store.postgres import PostgresStore
from bot.store.records import PostgresRecords
from bot.turn.reduce import advance
from bot.turn.state import Phase, TurnState
from bot.view.nodes import TurnView
from bot.view.project import Audience, ForApprover, ForRequester, surfaces_of, view_of
from tests.support.fake_platform import FakeMessage, Hall
from tests.support.fake_streams import Ways, ways_to
from tests.support.house_time import HouseClock, Signal
from tests.support.invariants import check_log, check_memory, check_shown
from tests.support.process import Process, WatchedKit, WatchedWorker
from tests.support.scripted_agents import ScriptedAgents
from tests.support.workshop import ARTICLES, TENANT, WORKSHOP

LONG_LEASE = timedelta(minutes=5)
"""No lease of a test runs out by itself."""


@dataclass(slots=True, kw_only=True)
class House:
    """One company: its database, its people, what they see, and who works for it."""

    url: str
    database: AsyncEngine
    tasks: asyncio.TaskGroup
    clock: HouseClock = field(default_factory=HouseClock)
    agents: ScriptedAgents = field(default_factory=ScriptedAgents)
    signal: Signal = field(default_factory=Signal)
    processes: list[Process] = field(default_factory=list[Process])
    busy_at_the_end: bool = False
    """Set by a test that ends with work left."""
    unshown: set[str] = field(default_factory=set[str])
    """Roles of surfaces that a test keeps from being shown as they should."""
    unasked: bool = False
    """Whether a test keeps all cards from being shown for good: who asked is told."""
    damaged: set[TurnId] = field(default_factory=set[TurnId])
    """Turns whose log a test has damaged: it cannot be folded any more."""
    halls: dict[PlatformName, Hall] = field(default_factory=dict[PlatformName, Hall])
    followed: bool = True
    """Whether the house hears of every commit; read by `process`."""
    streams: set[PlatformName] = field(default_factory=set[PlatformName])
    """Where messages grow by themselves; read by `process`."""
    limits: SpendingLimits = field(default_factory=SpendingLimits)
    """What may be spent on models; read by `process`."""
    telemetry: Telemetry = field(default_factory=Telemetry)
    _said: int = 0

    @property
    def store(self) -> PostgresStore:
        """Where everything is kept."""
        return PostgresStore(self.database, self.url)

    # ---------------------------------------------------------------------- processes

    def process(
        self,
        name: str = "w1",
        *,
        url: str | None = None,
        lease: timedelta = LONG_LEASE,
        capacity: int = 200,
        on: Callable[[Store], Store] = lambda store: store,
    ) -> Process:
        """Start a bot, on the house's store as ``on`` lets it see it."""
        telemetry = self.telemetry
        store = on(PostgresStore(self.database, url or self.url))
        platforms, streams = self.ways(name)
        records = PostgresRecords(self.database)
        kit = WatchedKit(
            store=store,
            clock=self.clock,
            writer=LogWriter(store, self.clock, telemetry),
            performer=Performer(self.agents, self.clock, self.spending(store)),
            delivery=Delivery(
                store=store,
                platforms=platforms,
                reach=Reach(store, records, platforms),
                pacer=Pacer(min_interval=0.0),
                clock=self.clock,
                telemetry=telemetry,
                footer=self.agents.footer(),
                streams=streams,
            ),
            records=records,
            telemetry=telemetry,
        )
        worker = WatchedWorker(kit, worker_id=name, capacity=capacity, lease=lease)
        worker.signal = self.signal
        if self.followed:
            kit.writer.follow(lambda _: self.signal.tell())
        made = Process(name=name, kit=kit, worker=worker)
        self.processes.append(made)
        made.task = self.tasks.create_task(made.run())
        return made

    def spending(self, store: Store) -> Spending:
        """Return what this company lets its turns spend."""
        return Spending(
            store=store,
            clock=self.clock,
            telemetry=self.telemetry,
            limits=self.limits,
            zone=UTC,
        )

    def ways(self, name: str) -> Ways:
        """Return a process's ways to what people see."""
        return ways_to(self.halls, by=name, streams=self.streams)

    def ingress(self) -> Ingress:
        """Return a way in."""
        platforms, _ = self.ways("w1")
        return Ingress(self.store, platforms, self.clock, Telemetry())

    async def goes_on_without(self, dead: Process) -> None:
        """Kill a bot, and let another take over at once what it owned."""
        await dead.kill()
        self.process("w2")
        await self.expire_leases()

    async def expire_leases(self) -> None:
        """Let every lease have run out."""
        await self.execute(
            "UPDATE conversation SET lease_until = statement_timestamp()"
        )

    # --------------------------------------------------------------------- what happens

    async def say(
        self,
        person: str,
        words: str,
        *,
        thread: str = "1",
        key: str = "",
        by: UserRef | None = None,
    ) -> Acceptance:
        """Let somebody write to the bot in Slack."""
        self._said += 1
        name = key or f"said-{self._said}"
        return await self.ingress().accept(
            Said(
                delivery_id=f"d-{self._said}",
                said_key=name,
                user=by or self.user(person),
                at=self.clock.now(),
                address=self.channel(thread),
                text=words,
            )
        )

    async def stop(self, person: str, turn: TurnId) -> Acceptance:
        """Let somebody press Stop."""
        self._said += 1
        return await self.ingress().accept(
            Stopped(
                delivery_id=f"d-{self._said}",
                said_key=f"stop-{self._said}",
                user=self.user(person),
                at=self.clock.now(),
                turn_id=turn,
            )
        )

    async def go_on(self, person: str, turn: TurnId) -> Acceptance:
        """Let somebody press Continue."""
        self._said += 1
        return await self.ingress().accept(
            Continued(
                delivery_id=f"d-{self._said}",
                said_key=f"continue-{self._said}",
                user=self.user(person),
                at=self.clock.now(),
                turn_id=turn,
            )
        )

    async def press(
        self,
        person: str,
        approval: ApprovalId,
        verdict: Literal["approved", "rejected"] = "approved",
        *,
        args_hash: str = "",
        reason: str = "",
    ) -> Acceptance:
        """Let somebody press Approve or Reject, on what their card shows."""
        self._said += 1
        return await self.ingress().accept(
            Decided(
                delivery_id=f"d-{self._said}",
                said_key=f"press-{self._said}",
                user=self.user(person),
                at=self.clock.now(),
                approval_id=approval,
                verdict=verdict,
                args_hash=args_hash or self._shown_to(person, approval),
                reason=reason,
            )
        )

    def _shown_to(self, person: str, approval: ApprovalId) -> str:
        cards = [
            shown.args_hash
            for hall in self.halls.values()
            for message in hall.messages.values()
            for shown in message.view.approvals
            if shown.approval_id == approval
            and message.receipt.address.user.endswith(f"-{person}")
        ]
        return cards[-1] if cards else "h1"

    @staticmethod
    def user(person: str, platform: PlatformName = "slack") -> UserRef:
        """Return somebody as Slack knows them."""
        return UserRef(
            platform=platform, workspace=f"{platform}-workspace", user_id=f"U-{person}"
        )

    @staticmethod
    def channel(thread: str = "1") -> Address:
        """Return the channel where everybody talks to the bot."""
        return Address(
            platform="slack", workspace="slack-workspace", channel="C1", thread=thread
        )

    # -------------------------------------------------------------------- what is there

    async def execute(self, statement: str, **values: object) -> None:
        """Change the database behind everybody's back."""
        async with begin(self.database) as conn:
            await conn.execute(text(statement), values)

    async def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Return what the database says."""
        async with begin(self.database) as conn:
            found = await conn.execute(text(query), values)
            return [tuple(row) for row in found]

    async def turns(self) -> list[TurnId]:
        """Return all turns, oldest first."""
        rows = await self.rows("SELECT turn_id FROM turn ORDER BY started_at, turn_id")
        return [TurnId(str(row[0])) for row in rows]

    async def turn(self) -> TurnId:
        """Return the only turn."""
        [turn] = await self.turns()
        return turn

    async def log(self, turn: TurnId | None = None) -> Sequence[Recorded]:
        """Return a turn's events, or those of the only one."""
        journal = StoredJournal(self.store)
        return await journal.events(turn or await self.turn())

    async def types(self, turn: TurnId | None = None) -> list[str]:
        """Return the types of a turn's events, in order."""
        return [recorded.event.type for recorded in await self.log(turn)]

    async def state(self, turn: TurnId | None = None) -> TurnState:
        """Return a turn as its log has it."""
        return reduce(advance, await self.log(turn), TurnState())

    async def loaded(self, turn: TurnId | None = None) -> TurnState | None:
        """Return a turn as its next owner would find it."""
        async with self.store.begin("turn.load") as tx:
            found = await read_turn(tx, turn or await self.turn())
        return found.state if found else None

    async def approval(self) -> ApprovalId:
        """Return the only approval."""
        [row] = await self.rows("SELECT approval_id FROM approval")
        return ApprovalId(str(row[0]))

    @asynccontextmanager
    async def nothing_commits(self) -> AsyncGenerator[AsyncConnection]:
        """Hold every conversation, so that no event of theirs is committed."""
        async with begin(self.database) as conn:
            await conn.execute(text("SELECT 1 FROM conversation FOR UPDATE"))
            yield conn

    # ---------------------------------------------------------------------- waiting for

    async def happened(self, kind: str, times: int = 1, *, within: float = 40) -> None:
        """Return when this many events of a type are in the log."""

        async def found() -> bool:
            query = "SELECT count(*) FROM turn_event WHERE type = :kind"
            return int(str((await self.rows(query, kind=kind))[0][0])) >= times

        await self.signal.until(found, within=within)

    async def until(self, query: str, *, within: float = 40) -> None:
        """Return when the database says yes; for what nobody tells of."""

        async def found() -> bool:
            self.signal.tell()
            return await self.rows(query) == [(True,)]

        await self.signal.until(found, within=within)

    async def sees(self, words: str, *, platform: PlatformName = "slack") -> None:
        """Return when a message has these words."""

        async def found() -> bool:
            hall = self.halls[platform]
            return any(words in message.words for message in hall.messages.values())

        await self.signal.until(found)

    async def shows_the_end(self, *, platform: PlatformName = "slack") -> None:
        """Return when every message there shows something that is over."""

        async def found() -> bool:
            views = [m.view for m in self.halls[platform].messages.values()]
            return all(view.mood not in {"running", "waiting"} for view in views)

        await self.signal.until(found)

    async def throttled(self, process: Process) -> None:
        """Return when a platform has asked this process to slow down."""

        async def found() -> bool:
            return process.kit.delivery.tally.throttled > 0

        await self.signal.until(found)

    async def idle(self, *, within: float = 40) -> None:
        """Return when nobody has anything to do."""
        await self.signal.until(self._is_idle, within=within)

    async def _is_idle(self) -> bool:
        if any(p.worker.conversations for p in self.processes):
            return False
        [due] = await self.rows(
            "SELECT count(*) FROM conversation WHERE due_at <= statement_timestamp()"
        )
        return due == (0,)

    # ----------------------------------------------------------------------- invariants

    async def check(self) -> None:
        """Raise unless memory, log, tables and screens say the same."""
        whole = [turn for turn in await self.turns() if turn not in self.damaged]
        logs = {turn: await self.log(turn) for turn in whole}
        for turn, log in logs.items():
            state = check_log(log)
            assert await self.loaded(turn) == state, "snapshot and events differ"
            query = "SELECT status FROM turn WHERE turn_id = :turn"
            assert await self.rows(query, turn=turn) == [(_status(state),)]
            if not self.busy_at_the_end:
                check_shown(state, self._messages(), self._expected, self.unshown)
        for process in self.processes:
            for runner in process.kit.runners:
                if runner.state.turn_id in self.damaged:
                    continue
                check_memory(runner.state, logs[runner.state.turn_id])

    def _messages(self) -> list[FakeMessage]:
        return [m for hall in self.halls.values() for m in hall.messages.values()]

    def _expected(self, state: TurnState, audience: Audience) -> TurnView:
        footer = self.agents.footer()
        if self.unasked and audience == ForRequester(part="progress"):
            cards = {p.audience for p in surfaces_of(state)}
            lost = frozenset(to for to in cards if isinstance(to, ForApprover))
            audience = ForRequester(part="progress", unasked=lost)
        return view_of(state, audience, self.clock.now(), footer=footer)


def _status(state: TurnState) -> str:
    return "running" if state.phase is Phase.QUEUED else state.phase.value


@asynccontextmanager
async def house_on(url: str, database: AsyncEngine) -> AsyncGenerator[House]:
    """Open a house with nobody working in it yet; its invariants hold at the end."""
    async with begin(database) as conn:
        await sync_company(conn, TENANT, WORKSHOP, ARTICLES)
        for name in ("slack", "teams"):
            await link_installation(conn, TENANT, name, f"{name}-workspace")
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        house = House(url=url, database=database, tasks=tasks)
        for name in ("slack", "teams"):
            ids = {
                p.id: p.slack if name == "slack" else p.entra for p in WORKSHOP.people
            }
            hall = Hall(
                clock=house.clock,
                users={
                    user: UserRef(
                        platform=name, workspace=f"{name}-workspace", user_id=user
                    )
                    for user in ids.values()
                },
            )
            hall.watch(house.signal.tell)
            house.halls[name] = hall
        try:
            yield house
            if not house.busy_at_the_end:
                await house.idle()
            await house.check()
        finally:
            for process in house.processes:
                await process.kill()
