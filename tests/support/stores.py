"""Every implementation of the store's port, and what tests of it begin with.

Only the port is used here, so that a test says the same of Postgres and of the
simulation's store. A time that is over is made by a lease or a wait of no length.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeAlias, TypeVar

import pytest
from sqlalchemy import text

from bot.company.model import Company
from bot.errors import LeaseLostError
from bot.ports.rows import Append, Claim, Claimed
from bot.ports.store import Store, Transaction
from bot.protocol.ids import PersonId, PlatformName, TenantId, TurnId
from bot.protocol.inbound import Address
from bot.protocol.values import Requester
from bot.store.engine import begin, create_engine
from bot.store.people import link_installation, sync_company
from bot.store.postgres import PostgresStore
from tests.simulation.loop import SimLoop
from tests.simulation.store import SimStore
from tests.simulation.store_people import load_company

TENANT = TenantId("workshop")
OTHER = TenantId("somebody-else")
LEASE = timedelta(seconds=30)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ASKER = PersonId("maya")
SEEDS = range(6)
"""Orders in which the simulation's store is tried."""

_T = TypeVar("_T")
Workspaces: TypeAlias = Mapping[PlatformName, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A store with nothing in it, and the first steps on it."""

    store: Store
    somebody_waits: Callable[[], Coroutine[Any, Any, None]]
    """Returns once a statement waits for a lock."""
    load: Callable[[TenantId, Company, Workspaces], Awaitable[None]]
    """Lets a company be there."""
    _threads: "count[int]" = field(default_factory=lambda: count(1))

    async def do(self, what: Callable[[Transaction], Awaitable[_T]]) -> _T:
        """Do something in a transaction of its own."""
        async with self.store.begin("ingress.stop") as tx:
            return await what(tx)

    async def now(self) -> datetime:
        """Return the store's time."""
        return await self.do(lambda tx: tx.now())

    def address(self) -> Address:
        """Return a new place."""
        thread = f"1700000000.{next(self._threads):06}"
        return Address(platform="slack", workspace="T1", channel="C1", thread=thread)

    async def send(self, to: Address, body: str = "{}", *, kind: str = "said") -> int:
        """Deliver one piece of mail."""
        return await self.do(
            lambda tx: tx.deliver(TENANT, to.conversation_id, to, kind, body)
        )

    async def claim(
        self, *, worker_id: str = "w1", lease: timedelta = LEASE, generation: int = 0
    ) -> Claim | None:
        """Claim whatever has been due longest."""
        taken = await self.claim_some(
            worker_id=worker_id, lease=lease, generation=generation, most=1
        )
        return taken.claims[0] if taken.claims else None

    async def claim_some(
        self,
        *,
        worker_id: str = "w1",
        lease: timedelta = LEASE,
        generation: int = 0,
        most: int = 8,
    ) -> Claimed:
        """Claim what has been due longest."""
        return await self.do(
            lambda tx: tx.claim_conversations(
                worker_id=worker_id, lease=lease, generation=generation, most=most
            )
        )

    async def own(self) -> Claim:
        """Make a conversation with one piece of mail, and claim it."""
        to = self.address()
        await self.send(to)
        claimed = await self.claim()
        assert claimed is not None
        assert claimed.address == to, "nothing else is due"
        return claimed

    async def expire(self, *claims: Claim) -> None:
        """Let leases be over; nobody has taken them yet."""
        held = await self.do(lambda tx: tx.heartbeat(claims, timedelta(0)))
        assert held.keys() == {claim.conversation_id for claim in claims}

    async def taken_over(self) -> tuple[Claim, Claim]:
        """Return a claim that somebody has lost, and the one of who took it over."""
        dead = await self.own()
        await self.expire(dead)
        heir = await self.claim(worker_id="w2")
        assert heir is not None
        assert heir.conversation_id == dead.conversation_id
        return dead, heir

    async def start(
        self, claimed: Claim, turn_id: str = "t", *, at: datetime = NOW
    ) -> TurnId:
        """Make a turn without events."""
        requester = Requester(person_id=ASKER, name="Maya")
        await self.do(
            lambda tx: tx.create_turn(
                claimed,
                turn_id=TurnId(turn_id),
                requester=requester,
                text="hello",
                at=at,
            )
        )
        return TurnId(turn_id)

    async def append(self, *batch: Append) -> frozenset[TurnId]:
        """Write events."""
        return await self.do(lambda tx: tx.append_events(batch))

    async def numbers(self, turn_id: TurnId, after: int = 0) -> list[int]:
        """Return which events are in the log."""
        rows = await self.do(lambda tx: tx.load_events(TENANT, turn_id, after=after))
        return [seq for seq, _, _ in rows]


def events(
    claimed: Claim,
    turn_id: TurnId,
    first_seq: int = 1,
    *,
    many: int = 1,
    kind: str = "item.appended",
) -> Append:
    """Return an append of ``many`` small events."""
    return Append(
        claim=claimed,
        turn_id=turn_id,
        first_seq=first_seq,
        bodies=[f'{{"n": {first_seq + n}}}' for n in range(many)],
        types=[kind] * many,
        at=NOW,
    )


async def refused(call: Awaitable[object]) -> bool:
    """Return whether a write was refused because its claim is lost."""
    with suppress(LeaseLostError):
        await call
        return False
    return True


# ----------------------------------------------------------------- the implementations

Test: TypeAlias = Callable[[Any, Ground], Coroutine[Any, Any, None]]


def on_every_store(test: Test) -> Callable[..., None]:
    """Make a test of an implementation into one of each.

    The simulation's is tried in several orders of events.
    """

    @pytest.mark.parametrize("kind", ["postgres", "memory"])
    def run(self: object, kind: str, request: pytest.FixtureRequest) -> None:
        if kind == "postgres":
            url: str = request.getfixturevalue("database_url")
            asyncio.run(_on_postgres(url, self, test))
            return
        for seed in SEEDS:
            loop = SimLoop(seed)
            try:
                loop.run(_in_memory(loop, self, test))
            except BaseException as error:
                error.add_note(f"with seed {seed}")
                raise

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def _on_postgres(url: str, suite: object, test: Test) -> None:
    engine = create_engine(url, pool_size=10)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def somebody_waits() -> None:
        # Asked again and again: Postgres tells it to nobody who does not ask.
        async with asyncio.timeout(30), engine.connect() as conn:
            while not await conn.scalar(waiting):
                await conn.rollback()

    async def load(tenant: TenantId, company: Company, workspaces: Workspaces) -> None:
        async with begin(engine) as conn:
            await sync_company(conn, tenant, company, ())
            for platform, workspace in workspaces.items():
                await link_installation(conn, tenant, platform, workspace)

    store = PostgresStore(engine, url)
    try:
        await test(suite, Ground(store=store, somebody_waits=somebody_waits, load=load))
    finally:
        await engine.dispose()


async def _in_memory(loop: SimLoop, suite: object, test: Test) -> None:
    store = SimStore(loop)

    async def load(tenant: TenantId, company: Company, workspaces: Workspaces) -> None:
        load_company(store.tables, tenant, company, workspaces)

    waits = store.database.somebody_waits
    async with asyncio.timeout(600):  # of the simulation's seconds
        await test(suite, Ground(store=store, somebody_waits=waits, load=load))
