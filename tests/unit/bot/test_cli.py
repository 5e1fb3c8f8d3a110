"""The command line: help at once, errors in words, exit codes that mean something."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

import bot.commands.migrate
from bot.cli import main, parser
from bot.errors import ConfigError, ModelError

ROOT = Path(__file__).parents[3]
COMMANDS = (
    *("demo", "serve", "migrate", "turns", "knowledge"),
    *("doctor", "manifest", "bench"),
)
WORLD = (
    *("sqlalchemy", "asyncpg", "aiohttp", "anthropic", "slack_sdk", "slack_bolt"),
    *("botbuilder", "pydantic", "alembic", "structlog"),
)
"""What nobody needs to print a help text."""


def deskhand(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own, with these settings only."""
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=ROOT,
        env={**kept, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def exits(arguments: Sequence[str]) -> int:
    """Return the status that a command ends with."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(str(caught.value.code))


# ------------------------------------------------------------------------------ help


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        *([name] for name in COMMANDS),
        *(["turns", kind] for kind in ("list", "show", "replay")),
        *(["knowledge", kind] for kind in ("import", "list", "search", "remove")),
    ],
    ids=lambda arguments: " ".join(arguments) or "deskhand",
)
def test_every_command_has_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits([*arguments, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: deskhand")
    assert len(told.splitlines()) > 4


def test_the_top_names_every_command_with_what_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exits(["--help"])
    told = capsys.readouterr().out
    for name in COMMANDS:
        [line] = [one for one in told.splitlines() if one.split()[:1] == [name]]
        assert len(line.split()) > 2, f"{name} says nothing"
    assert "deskhand demo" in told


def test_help_needs_nothing_of_the_world() -> None:
    script = (
        "import sys\n"
        "from bot.cli import parser\n"
        "parser().format_help()\n"
        f"print([m for m in {WORLD!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_command_leads_to_a_function() -> None:
    for arguments in (
        *(["demo"], ["serve"], ["migrate"], ["doctor"], ["bench"]),
        ["manifest", "slack", "--host", "h"],
        *(["turns", "list"], ["turns", "show", "x"], ["turns", "replay", "x"]),
    ):
        module, _, name = parser().parse_args(arguments).run.partition(":")
        command = __import__(f"bot.commands.{module}", fromlist=[name])
        assert callable(getattr(command, name))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["turns"],
        ["fly"],
        ["turns", "show"],
        ["serve", "--port", "many"],
        ["serve", "--port", "70000"],
        ["turns", "list", "--limit", "-1"],
        ["turns", "list", "--limit", "0"],
        ["manifest", "icq", "--host", "h"],
        ["manifest", "slack"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_is_said_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(arguments) == 2
    told = capsys.readouterr().err
    assert "usage: deskhand" in told
    assert "error:" in told


# ---------------------------------------------------------------------------- errors


def test_wrong_settings_stop_the_start_with_one_message() -> None:
    done = deskhand(
        "serve",
        environment={"DESKHAND_LOG": "xml", "SLACK_BOT_TOKEN": "xoxb-1"},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "deskhand: the environment is not usable:",
        "  - SLACK_SIGNING_SECRET is not set; set it too, or unset SLACK_BOT_TOKEN",
        "  - DESKHAND_LOG is 'xml'; use one of json, text",
        "Correct every line listed, then start again.",
    ]


@pytest.mark.parametrize(
    "arguments", [["serve"], ["migrate"], ["doctor"], ["turns", "list"]], ids=" ".join
)
def test_every_command_that_reads_settings_stops_at_a_wrong_one(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DESKHAND_LOG", "xml")
    assert exits(arguments) == 2
    assert "DESKHAND_LOG is 'xml'" in capsys.readouterr().err


def test_a_bot_without_a_platform_says_what_to_set() -> None:
    done = deskhand("serve", environment={"DATABASE_URL": "postgresql://nowhere/x"})
    assert done.returncode == 2
    assert "no platform is set up" in done.stderr
    assert "deskhand demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_said_in_words() -> None:
    url = "postgresql://deskhand:hunter2@127.0.0.1:1/deskhand"
    for arguments in (["migrate"], ["migrate", "--check"], ["turns", "list"]):
        done = deskhand(*arguments, environment={"DATABASE_URL": url})
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert "Check DATABASE_URL" in done.stderr
        assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("the file", ["line 1 is wrong"]), 2),
        (ModelError("no key", transient=False), 1),
        (ExceptionGroup("of tasks", [ModelError("no key", transient=False)]), 1),
        (KeyboardInterrupt(), 130),
    ],
    ids=["settings", "failed", "in a task", "interrupted"],
)
def test_an_error_ends_with_its_status_and_its_hint(
    error: BaseException,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_options: Namespace) -> int:
        raise error

    monkeypatch.setattr(bot.commands.migrate, "run", fail)
    assert exits(["migrate"]) == status
    told = capsys.readouterr().err
    if isinstance(error, ConfigError | ModelError):
        assert told == f"deskhand: {error}\n{error.hint}\n"


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_options: Namespace) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(bot.commands.migrate, "run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["migrate"])


def test_who_has_read_enough_may_go() -> None:
    """As in ``deskhand manifest slack --host h | head -1``."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "manifest", "slack", "--host", "h"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


# -------------------------------------------------------------------------- manifest


def manifest(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> Mapping[str, object]:
    """Return a manifest as it is printed."""
    assert exits(["manifest", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


Strings = Callable[[object], set[str]]


def strings(node: object) -> set[str]:
    if isinstance(node, dict):
        return {s for value in node.values() for s in strings(value)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    if isinstance(node, list):
        return {s for value in node for s in strings(value)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return {node} if isinstance(node, str) else set()


@pytest.mark.parametrize("host", ["bot.example.com", "https://bot.example.com/"])
def test_slacks_manifest_has_our_address(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = strings(manifest(capsys, "slack", "--host", host))
    assert "https://bot.example.com/slack/events" in told
    assert not any("HOST" in one for one in told)


def test_teams_manifest_has_our_address_and_app(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROSOFT_APP_ID", "11111111-2222-4333-8444-555555555555")
    document = manifest(capsys, "teams", "--host", "bot.example.com")
    told = strings(document)
    assert "11111111-2222-4333-8444-555555555555" in told
    assert any("bot.example.com" in one for one in told)
    assert not any("HOST" in one or "APP_ID" in one for one in told)


def test_teams_manifest_needs_to_know_the_app(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MICROSOFT_APP_ID", raising=False)
    assert exits(["manifest", "teams", "--host", "bot.example.com"]) == 2
    assert "MICROSOFT_APP_ID is not set" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["", "bot.example.com/path", 'a"b', "a b", "a\\b"])
def test_a_host_that_is_none_is_refused(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(["manifest", "slack", "--host", host]) == 2
    assert "--host" in capsys.readouterr().err


def test_an_app_id_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROSOFT_APP_ID", 'x"y\\')
    assert exits(["manifest", "teams", "--host", "bot.example.com"]) == 2
    assert "MICROSOFT_APP_ID" in capsys.readouterr().err
