"""``deskhand eval`` as it is typed: a Postgres of its own, a report, an exit code."""

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from typing_extensions import override

from bot.cli import parser
from bot.commands import eval as eval_
from bot.errors import ConfigError
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


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    # Not pytest's folder: a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="deskhand-eval-"))
    monkeypatch.setenv("DESKHAND_HOME", str(folder))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


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
