"""``deskhand eval`` as it is typed: a Postgres of its own, a report, an exit code."""

import asyncio
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url
from typing_extensions import override

from bot.app.database import embedded_postgres, temporary_database
from bot.cli import parser
from bot.commands import eval as eval_
from bot.errors import ConfigError
from bot.store.engine import dsn_of
from tests.support.companies import SAMPLE

FILE = """
[[scenario]]
name = "right"
steps = [{ who = "maya.chen", says = "hi there" }]

[[scenario]]
name = "wrong"
steps = [{ who = "maya.chen", says = "hi there" }]
expect = { says = ["a purple elephant"] }

[[scenario]]
name = "hard"
needs = "a language model"
steps = [{ who = "maya.chen", says = "Sing!" }]
"""


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    """One for all: to make a Postgres takes seconds."""
    # Not pytest's folder: a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="deskhand-eval-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESKHAND_HOME", str(folder))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return folder


async def test_too_few_passes_exit_1_and_are_reported(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, report = home / "mine.toml", home / "report.json"
    file.write_text(FILE)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    command = ["eval", str(file), "--company", str(SAMPLE), "--json", str(report)]

    assert await eval_.run(parser().parse_args(command)) == 1
    told = capsys.readouterr().out
    assert "FAILED  mine: wrong" in told
    assert "the last answer lacks 'a purple elephant'; it is " in told
    assert "Acme, the scripted model: 1 of 2 passed, 50.0 %" in told
    assert json.loads(report.read_text("utf-8"))["pass_rate"] == 50.0
    assert terminal.getvalue().endswith("█ 3 of 3, 1 failed\n")

    monkeypatch.setattr(sys, "stderr", piped := io.StringIO())
    more = ["--at-least", "50", "--times", "2"]
    assert await eval_.run(parser().parse_args([*command, *more])) == 0
    told = capsys.readouterr().out
    assert "ok      mine: right (time 2) " in told
    assert "2 of 4 passed, 50.0 %" in told
    assert piped.getvalue() == ""


async def test_a_model_without_a_key_is_refused(home: Path) -> None:
    del home
    command = ["eval", "--company", str(SAMPLE), "--model", "claude-x"]
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY is not set"):
        await eval_.run(parser().parse_args(command))


EVAL = """
import asyncio, sys
from pathlib import Path
from bot.app.database import embedded_postgres, temporary_database

async def main() -> None:
    async with embedded_postgres(Path(sys.argv[1])) as server:
        async with temporary_database(server, "eval") as url:
            print(url, flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""
"""As far as `deskhand eval` goes before it plays, and then it waits to be killed."""
DATABASES = "SELECT datname FROM pg_database WHERE datname LIKE 'eval%' ORDER BY 1"


def name_in(url: str) -> str:
    return str(make_url(url).database)


async def test_what_a_killed_one_left_is_dropped_by_the_next_and_no_others(
    home: Path,
) -> None:
    evals = home / "evals"
    async with (
        embedded_postgres(evals) as server,
        temporary_database(server, "eval") as mine,
    ):
        conn = await asyncpg.connect(dsn_of(server))
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-c", EVAL, str(evals), stdout=asyncio.subprocess.PIPE
        )
        assert killed.stdout is not None
        left = name_in((await killed.stdout.readline()).decode().strip())
        alive = [(name,) for name in sorted([left, name_in(mine)])]
        async with temporary_database(server, "eval") as another:
            both = sorted([*alive, (name_in(another),)])
            assert await conn.fetch(DATABASES) == both, "nobody who lives is dropped"
        killed.kill()
        await killed.wait()
        # Until Postgres has seen it, too.
        await conn.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", left)
        await conn.execute("SELECT pg_advisory_unlock_all()")
        assert await conn.fetch(DATABASES) == alive

        command = ["eval", "--company", str(SAMPLE), "--model", "scripted"]
        file = home / "mine.toml"
        file.write_text(FILE)
        await eval_.run(parser().parse_args([*command, str(file)]))
        assert await conn.fetch(DATABASES) == [(name_in(mine),)]
        await conn.close()
