"""A site: one company's bot as it runs for real, and means to do bad things to it.

The stand-ins for both platforms with a load balancer in front of one to three workers
on one Postgres. A supervisor per worker starts the next one when it dies, as an
orchestrator does. What is waited for is looked at again and again: across a restart of
Postgres there is nobody who could tell.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg
from sqlalchemy import make_url

from adapters.simulator.slack.limits import DOCUMENTED, SlackLimits
from adapters.simulator.stage import SAMPLE_COMPANY, free_port, set_stage
from bot.clock import Clock, SystemClock
from bot.store.engine import dsn_of
from tests.crash.deliveries import Deliveries, Told
from tests.crash.front import Front, front_on
from tests.crash.fuse import Charge
from tests.crash.nursery import Nursery, Worker
from tests.crash.yard import AWAY, ROLES
from tests.support.play import Play, said_by_person

READY_SECONDS = 60.0
"""How long a worker may take until it works, on a busy machine."""
RESTART_SECONDS = 0.3
"""How long a supervisor waits before it starts the next worker."""
LOOK_SECONDS = 0.1
"""Between two looks at the database."""
REDELIVERY = (0.3, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Slack's schedule, shortened: nobody waits five minutes for a test."""

UNLINKED = "U0JONAS", "U0TOMAS"
"""Without their Slack ids in the bot's company file."""
_SLOW_STAGE = '[{ by = "manager", within = "48h", then = "escalate" }, { by = "group:f'

_STATE = (
    "SELECT text, status, last_seq, delivered_seq FROM turn",
    """
    SELECT right(conversation_id, 20) AS conversation, worker_id, fence,
           lease_until - now() AS lease, due_at - now() AS due
    FROM conversation WHERE worker_id IS NOT NULL OR due_at IS NOT NULL
    """,
    """
    SELECT usename, state, wait_event, now() - state_change AS since,
           left(query, 60) AS query
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    """,
)
"""What there is to see when something does not come about."""
_BUSY = """
SELECT (SELECT count(*) FROM mailbox)
     + (SELECT count(*) FROM turn WHERE status = 'running' OR delivered_seq < last_seq)
     + (SELECT count(*) FROM conversation
        WHERE worker_id IS NOT NULL OR due_at <= statement_timestamp())
"""


@dataclass(slots=True, kw_only=True)
class Site:
    """One company's bot, its people, and whoever works for it."""

    play: Play
    front: Front
    nursery: Nursery
    environment: Mapping[str, str]
    folder: Path
    deliveries: Deliveries
    tasks: asyncio.TaskGroup
    http: aiohttp.ClientSession
    trace: Path | None = None
    clock: Clock = field(default_factory=SystemClock)
    workers: list[Worker] = field(default_factory=list[Worker])
    """All that were ever started."""
    closing: bool = False
    _conn: "asyncpg.Connection[asyncpg.Record] | None" = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who asks the database, one after the other."""

    # ------------------------------------------------------------------------ workers

    @property
    def living(self) -> list[Worker]:
        """The workers that have not ended."""
        return [worker for worker in self.workers if worker.alive]

    def went_off(self, charge: Charge) -> bool:
        """Whether a charge has gone off."""
        return (self.folder / charge.mark).exists()

    async def paused(self, charge: Charge) -> Worker:
        """Return the worker that a charge made stand still, once one does."""
        mark = self.folder / charge.mark
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            pid = await asyncio.to_thread(_read, mark)
            for worker in self.living:
                if pid == str(worker.pid) and worker.stands_still:
                    worker.paused = True
                    return worker

    def man(self, many: int, charges: Sequence[Charge] = ()) -> None:
        """Keep so many workers at work, each with all charges."""
        for role in ROLES[:many]:
            self.tasks.create_task(self._keep(role, charges))

    async def opened(self) -> None:
        """Return when somebody is reached: what platforms say before may be lost."""

        async def reached() -> bool:
            return bool(self.front.rotation)

        await self.until(reached, "a worker is reached", READY_SECONDS)

    async def start(self, role: str, charges: Sequence[Charge] = ()) -> Worker:
        """Start one worker, which nobody replaces; it is not ready yet."""
        url = make_url(self.play.database_url).set(username=role)
        worker = await self.nursery.start(
            {
                **self.environment,
                "DATABASE_URL": url.render_as_string(hide_password=False),
            },
            port=free_port(),
            log=self.folder / "workers.log",
            charges=charges,
            marks=self.folder,
            trace=self.trace,
        )
        worker.role = role
        self.workers.append(worker)
        if self.closing:  # meanwhile, and it was not among those who were killed
            worker.kill()
        return worker

    async def at_work(self, worker: Worker) -> bool:
        """Return when a worker works, and platforms reach it, or when it is dead."""
        async with asyncio.timeout(READY_SECONDS):
            while worker.alive:
                if await self._is_ready(worker):
                    self.front.put_in(worker)
                    return True
                await self.clock.sleep(LOOK_SECONDS / 2)
        return False

    async def _is_ready(self, worker: Worker) -> bool:
        try:
            async with self.http.get(f"{worker.url}/readyz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _keep(self, role: str, charges: Sequence[Charge]) -> None:
        while not self.closing:
            worker = await self.start(role, charges)
            await self.at_work(worker)
            await worker.ended.wait()
            self.front.take_out(worker)
            await self.clock.sleep(RESTART_SECONDS)

    async def close(self) -> None:
        """Kill everybody; nobody comes after them."""
        self.closing = True
        for worker in self.living:
            worker.kill()
        if self._conn:
            try:
                await self._conn.close(timeout=1)
            except AWAY:  # a timeout is one of these
                self._conn.terminate()

    # ------------------------------------------------------------------- what is there

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Return what the database says.

        Raises:
            One of `AWAY`: It says nothing at the moment.
        """
        async with self._asking:
            if self._conn is None or self._conn.is_closed():
                self._conn = await asyncpg.connect(dsn_of(self.play.database_url))
            return await self._conn.fetch(query, *arguments)

    @asynccontextmanager
    async def at_one_moment(self) -> AsyncGenerator[None]:
        """Let the database say for the block what it says now: replicas still sweep.

        Raises:
            One of `AWAY`: It says nothing at the moment, or went away meanwhile.
        """
        await self.rows("SELECT")
        assert self._conn, "it has just been asked"
        async with self._conn.transaction(isolation="repeatable_read", readonly=True):
            yield

    async def count(self, query: str, *arguments: object) -> int:
        """Return the one number that the database says."""
        [row] = await self.rows(query, *arguments)
        return int(row[0])

    async def until(
        self, reached: Callable[[], Awaitable[bool]], what: str, within: float = 60.0
    ) -> None:
        """Return when ``reached`` says yes; a database that is away says no.

        Raises:
            AssertionError: It did not ``within`` so many seconds.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    try:
                        if await reached():
                            return
                    except AWAY:
                        pass
                    await self.clock.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            try:
                kept = [dict(row) for q in _STATE for row in await self.rows(q)]
            except AWAY as away:
                kept = [away]
            told = "\n".join([f"{what}: not within {within:g} s", *map(repr, kept)])
            raise AssertionError(told) from error

    async def quiet(self, within: float = 90.0) -> None:
        """Return when nobody has anything to do."""

        async def still() -> bool:
            return self.deliveries.settled and await self.count(_BUSY) == 0

        await self.until(still, "quiet", within)

    # -------------------------------------------------------------------- what is said

    async def say_in_slack(
        self, user: str, text: str, *, thread: str = "", channel: str = ""
    ) -> str:
        """Let somebody write to the bot, alone unless in a channel; return the ts."""
        slack = self.play.stage.slack
        channel = channel or self.play.direct(user)
        ts = await slack.say(user, channel, text, thread_ts=thread or None)
        event = [e for e in slack.sent_events() if said_by_person(e)][-1]
        self.deliveries.told.append(
            Told(
                platform="slack",
                conversation=f"{channel}:{thread or ts}",
                text=text,
                delivery=event["event_id"],
            )
        )
        return ts

    async def say_in_teams(self, person: str, text: str) -> str:
        """Let somebody write to the bot; return the activity's id."""
        teams = self.play.stage.teams
        said = await teams.say(person, text)
        self.deliveries.told.append(
            Told(
                platform="teams",
                conversation=teams.conversation_of(person),
                text=text,
                delivery=said,
            )
        )
        return said


def _read(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


@asynccontextmanager
async def site_on(
    database_url: str,
    folder: Path,
    nursery: Nursery,
    *,
    words_per_second: float = 40.0,
    company_file: Path = SAMPLE_COMPANY,
    bots_company_file: Path | None = None,
    limits: SlackLimits = DOCUMENTED,
    trace: Path | None = None,
) -> AsyncGenerator[Site]:
    """Set a site up for the block; nobody works there yet.

    Args:
        database_url: An empty or migrated database of its own.
        folder: For logs.
        nursery: Where workers come from.
        words_per_second: How fast the scripted model writes.
        company_file: Whose people play.
        bots_company_file: What the bot knows of them, if that is something else.
        limits: How many calls Slack accepts.
        trace: The file that every crossing is written to.
    """
    async with (
        set_stage(
            company_file=company_file, retry_delays=REDELIVERY, limits=limits
        ) as stage,
        front_on(stage.bot_port) as front,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
        asyncio.TaskGroup() as tasks,
    ):
        site = Site(
            play=Play(stage, database_url),
            front=front,
            nursery=nursery,
            environment={
                **stage.environment,
                "DESKHAND_CONFIG": str(bots_company_file or company_file),
                "DESKHAND_HOME": str(folder),
                "DESKHAND_WORDS_PER_SECOND": str(words_per_second),
                # A streamed message looks otherwise than an edited one; killed streams
                # are in tests/stories.
                "DESKHAND_NATIVE_STREAMS": "no",
            },
            folder=folder,
            deliveries=Deliveries(stage.journal),
            tasks=tasks,
            http=http,
            trace=trace,
        )
        try:
            yield site
        finally:
            await site.close()


_FAR_LIMIT = "[limits]\nperson = { tokens = 1000000000000 }\n"


def company_in(folder: Path) -> Path:
    """Copy the sample company, changed so that more can happen; return its file.

    Some are known by e-mail only until they write or are written to, nobody decides
    on Tableau fast enough, and what may be spent on models has a limit far away.
    """
    copy = folder / "company"
    shutil.copytree(SAMPLE_COMPANY.parent, copy)
    file = copy / SAMPLE_COMPANY.name
    text = file.read_text("utf-8")
    changes = [(f'slack = "{user}"\n', "") for user in UNLINKED]
    changes.append((_SLOW_STAGE, _SLOW_STAGE.replace('"48h"', "3")))
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(f"{text}\n{_FAR_LIMIT}", "utf-8")
    return file
