"""Several bots as processes of their own, behind one address and on one database.

Each runs the code of a release: this checkout's, or one that was unpacked from its
wheel. They can be killed, and paused as a machine that stands still is.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import zipfile
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

import bot
from adapters.simulator.stage import SAMPLE_COMPANY, free_port, set_stage
from bot.store.engine import dsn_of
from tests.support.cable import Cable, cable_to
from tests.support.play import Play

CHECKOUT = Path(bot.__file__).parents[1]
"""The code that is tested."""
START_SECONDS = 150.0
"""How long a replica may take until it works, on a busy machine."""

_HELD = "SELECT count(*) FROM conversation WHERE worker_id IS NOT NULL"
_NOTE_CLAIMS = """
CREATE TABLE claim_noted (
    conversation_id text, worker_id text, taken_over boolean
);
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO claim_noted (conversation_id, worker_id, taken_over)
  VALUES (new.conversation_id, new.worker_id, old.worker_id IS NOT NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER note_claim AFTER UPDATE ON conversation FOR EACH ROW
WHEN (new.worker_id IS NOT NULL AND new.fence > old.fence)
EXECUTE FUNCTION note_claim();
CREATE FUNCTION tell_of_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('released', '');
  RETURN NULL;
END $$;
CREATE TRIGGER tell_of_release AFTER UPDATE ON conversation FOR EACH ROW
WHEN (new.worker_id IS NULL AND old.worker_id IS NOT NULL)
EXECUTE FUNCTION tell_of_release();
"""


def unpacked(wheel: Path, into: Path) -> Path:
    """Unpack a release's wheel and return where its code is."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into


@dataclass(slots=True, kw_only=True)
class Replica:
    """One bot: ``python -m`` of a program, in the folder of a release's code."""

    name: str
    code: Path
    command: Sequence[str]
    environment: Mapping[str, str]
    port: int
    log: Path
    heard: list[Mapping[str, object]] = field(
        default_factory=list[Mapping[str, object]]
    )
    """What it has logged so far."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> asyncio.subprocess.Process:
        """Its process. It must have started."""
        assert self._process, f"{self.name} has not started"
        return self._process

    @property
    def worker_id(self) -> str:
        """How it calls itself in the database."""
        return f"{socket.gethostname()}:{self.process.pid}"

    async def run(self) -> None:
        """Start it and read its log until it ends; cancelled, it is killed."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self.command,
            cwd=self.code,  # which Python looks into before the checkout
            env=dict(self.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await self._read(self._process)
        except asyncio.CancelledError:
            self._send(signal.SIGKILL)
            raise
        finally:
            await self._process.wait()
            self.ended.set()

    async def logs(self, event: str) -> Mapping[str, object]:
        """Return the first entry of its log called ``event``, once it is there."""
        async with asyncio.timeout(START_SECONDS), self._news:
            while not (found := [e for e in self.heard if e.get("event") == event]):
                assert not self.ended.is_set(), self.log.read_text("utf-8")[-2000:]
                await self._news.wait()
        return found[0]

    async def kill(self) -> None:
        """End it at once, as ``kill -9`` does. It must not have ended."""
        self._send(signal.SIGKILL)
        await self.ended.wait()

    async def stop(self) -> int:
        """Tell it to end in order and return its status."""
        self._send(signal.SIGTERM)
        await self.ended.wait()
        return await self.process.wait()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let it stand still for the block, with all its connections."""
        self._send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        # Not by the process's own method: that one looks whether it has ended, and
        # then nobody else learns how.
        os.kill(self.process.pid, number)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr, "it is a pipe"
        with self.log.open("ab", buffering=0) as log:
            async for line in process.stderr:
                log.write(line)
                if line.startswith(b"{"):
                    self.heard.append(json.loads(line))
                async with self._news:
                    self._news.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The replicas of one bot, and what people see of it."""

    play: Play
    front: Cable
    """Where the platforms deliver: a load balancer with one replica behind it."""
    environment: Mapping[str, str]
    folder: Path
    tasks: asyncio.TaskGroup
    replicas: list[Replica] = field(default_factory=list[Replica])

    async def open(
        self, name: str, code: Path = CHECKOUT, *, words_per_second: float = 0
    ) -> Replica:
        """Start the first replica and let the platforms deliver to it."""
        replica = await self.start(name, code, words_per_second=words_per_second)
        await self.joined(replica)
        return replica

    async def joined(self, replica: Replica) -> None:
        """Let the platforms deliver to the first replica, and note who claims what."""
        self.deliver_to(replica)
        await self.play.stage.teams.install_everyone()
        await self._note_claims()

    async def start(
        self,
        name: str,
        code: Path = CHECKOUT,
        *,
        program: Sequence[str] = ("bot.cli",),
        words_per_second: float = 0,
    ) -> Replica:
        """Start a replica and return when it works.

        Args:
            name: For the log's file name.
            code: The folder of its release.
            program: The module to run, with arguments before ``serve``.
            words_per_second: How fast it writes; 0: at once.
        """
        port = free_port()
        replica = Replica(
            name=name,
            code=code,
            command=[*program, "serve", "--port", str(port)],
            environment={
                **self.environment,
                "PYTHONPATH": str(code),
                "DESKHAND_WORDS_PER_SECOND": str(words_per_second),
            },
            port=port,
            log=self.folder / f"{name}.log",
        )
        self.replicas.append(replica)
        self.tasks.create_task(replica.run())
        await replica.logs("serve.ready")
        return replica

    def deliver_to(self, replica: Replica) -> None:
        """Let the platforms' requests reach this replica from now on."""
        self.front.to = replica.url
        self.front.cut()

    async def all_let_go(self, within: float = 40) -> None:
        """Return when no replica holds any conversation."""
        news = asyncio.Event()

        def tell(*_notice: object) -> None:
            news.set()

        conn = await asyncpg.connect(dsn_of(self.play.database_url))
        try:
            await conn.add_listener("released", tell)
            async with asyncio.timeout(within):
                while await conn.fetchval(_HELD):
                    await news.wait()
                    news.clear()
        finally:
            await conn.close()

    async def _note_claims(self) -> None:
        conn = await asyncpg.connect(dsn_of(self.play.database_url))
        try:
            await conn.execute(_NOTE_CLAIMS)
        finally:
            await conn.close()

    async def claims(self, *, taken_over: bool) -> set[str]:
        """Return which replicas claimed what nobody held, or what somebody held."""
        rows = await self.play.rows(
            "SELECT DISTINCT worker_id FROM claim_noted WHERE taken_over = $1",
            taken_over,
        )
        ids = {row["worker_id"] for row in rows}
        return {r.name for r in self.replicas if r.worker_id in ids}


@asynccontextmanager
async def fleet_on(
    database_url: str,
    folder: Path,
    *,
    company_file: Path = SAMPLE_COMPANY,
) -> AsyncGenerator[Fleet]:
    """Set the stage for replicas; none runs yet. Those that do at the end are killed.

    Args:
        database_url: Their database.
        folder: Where their logs go.
        company_file: Whose people play.
    """
    async with (
        set_stage(company_file=company_file, retry_delays=(0.0, 0.2, 0.4)) as stage,
        cable_to("http://127.0.0.1:9", port=stage.bot_port) as front,
        asyncio.TaskGroup() as tasks,
    ):
        environment = {
            "PATH": os.environ["PATH"],
            **stage.environment,
            "DATABASE_URL": database_url,
            "DESKHAND_HOME": str(folder),
            "DESKHAND_LOG": "json",
        }
        fleet = Fleet(
            play=Play(stage, database_url),
            front=front,
            environment=environment,
            folder=folder,
            tasks=tasks,
        )
        try:
            yield fleet
        finally:
            for replica in fleet.replicas:
                if not replica.ended.is_set():
                    await replica.kill()
