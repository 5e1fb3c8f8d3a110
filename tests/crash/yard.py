"""A yard: a Postgres that may be hurt, and a parent of workers that may be killed.

The server is never one that somebody else uses.
"""

import asyncio
import os
import signal
import tempfile
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeVar

import asyncpg
from sqlalchemy import make_url

from bot.clock import Clock, SystemClock
from bot.store.embedded import EmbeddedPostgres
from bot.store.engine import dsn_of
from bot.store.migrate import migrate
from tests.crash.nursery import Nursery, nursery_in
from tests.support.postgres import Server

_T = TypeVar("_T")

ROLES = tuple(f"crash_w{number}" for number in range(1, 10))
"""Who workers are to Postgres, one each at a time: so their connections can be told
apart, and cut."""
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What it looks like when Postgres is not there."""
BACK_SECONDS = 60.0
"""How long Postgres may be away before somebody complains."""
DOWN_SECONDS = 2.0
"""How long Postgres stays away when it is restarted."""


@dataclass(slots=True, kw_only=True)
class Yard:
    """Where sites are set up."""

    folder: Path
    nursery: Nursery
    embedded: EmbeddedPostgres
    server: Server
    clock: Clock = field(default_factory=SystemClock)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def data(self) -> Path:
        """Postgres' data folder."""
        return self.folder / "data"

    async def prepare(self) -> None:
        """Make the roles, and the database that others are copies of."""
        for role in ROLES:
            await self.server._run(f"CREATE ROLE {role} SUPERUSER LOGIN")
        await self.server.create(self.server.template)
        await migrate(self.server.url_of(self.server.template))

    async def database(self) -> str:
        """Make a migrated database of its own and return its URL."""
        name = f"crash_{next(self._numbers)}"
        server = self.server
        await self.patiently(lambda: server.create(name, template=server.template))
        return server.url_of(name)

    async def drop(self, url: str) -> None:
        """Remove a database that `database` made."""
        await self.patiently(lambda: self.server.drop(name_in(url)))

    async def patiently(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Do something again until Postgres is there for it."""
        async with asyncio.timeout(BACK_SECONDS):
            while True:
                try:
                    return await work()
                except asyncpg.DuplicateDatabaseError:
                    raise  # or it would never end
                except AWAY:
                    await self.clock.sleep(0.2)

    async def restart(self) -> None:
        """Stop Postgres as ``pg_ctl -m immediate`` does, and start it again later.

        SIGQUIT to the postmaster is what that mode sends; `pg_ctl` itself refuses to
        run as root.

        Source: https://www.postgresql.org/docs/current/server-shutdown.html
        """
        pid = int((self.data / "postmaster.pid").read_text("utf-8").split()[0])
        os.kill(pid, signal.SIGQUIT)
        await self.clock.sleep(DOWN_SECONDS)
        await asyncio.to_thread(self._start)

    def _start(self) -> None:
        """Start Postgres again, also where nobody waits for it any more."""
        with self._starting:
            started = EmbeddedPostgres.start(self.data)
            self.embedded._users.close()  # or this process would use the folder twice
            self.embedded = started

    def stop(self) -> None:
        """Stop Postgres for good. Blocks."""
        with self._starting:
            self.embedded.stop()

    async def cut(self, role: str, url: str) -> int:
        """End a worker's connections to a database; return how many there were."""
        conn = await asyncpg.connect(dsn_of(self.server.url))
        try:
            query = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = $1 AND datname = $2"
            )
            return len(await conn.fetch(query, role, name_in(url)))
        finally:
            await conn.close()


def name_in(url: str) -> str:
    """Return the name of the database that a URL is of."""
    name = make_url(url).database
    assert name, "every database here has a name"
    return name


@asynccontextmanager
async def yard_in(*, durable: bool = False) -> AsyncGenerator[Yard]:
    """Open a yard for the block.

    Args:
        durable: Whether commits wait for the disk. A crash of Postgres loses nothing
            either way, only a crash of the machine would.
    """
    # A socket's path must be short, and root's Postgres user must be able to go there.
    with tempfile.TemporaryDirectory(
        prefix="deskhand-crash-", ignore_cleanup_errors=True
    ) as made:
        folder = Path(made)
        async with nursery_in(folder) as nursery:
            embedded = await asyncio.to_thread(
                _started, folder / "data", durable=durable
            )
            yard = Yard(
                folder=folder,
                nursery=nursery,
                embedded=embedded,
                server=Server(embedded.url),
            )
            try:
                await yard.prepare()
                yield yard
            finally:
                await asyncio.to_thread(yard.stop)


def _started(data: Path, *, durable: bool) -> EmbeddedPostgres:
    """Start a server with room for many workers.

    Unless it is to be durable, the disk is spared. Every commit reaches the kernel
    all the same before it is answered, so a server that is killed loses none.
    """
    data.parent.chmod(0o755)
    first = EmbeddedPostgres.start(data)
    first.stop()
    settings = ["max_connections = 400", "log_min_messages = fatal"]
    if not durable:
        settings += ["fsync = off", "full_page_writes = off"]
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in settings)
    return EmbeddedPostgres.start(data)
