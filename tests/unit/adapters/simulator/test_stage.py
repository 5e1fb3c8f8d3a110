"""The bot's process on a stage: a port that stays free, and why it gave up."""

import os
import socket
from pathlib import Path

import pytest

from adapters.simulator import stage as under_test
from adapters.simulator.last_words import LINES, last_words
from adapters.simulator.stage import BotDownError, BotProcess, free_port


def test_a_port_is_none_that_outgoing_connections_are_given() -> None:
    assert 1024 < free_port() < 32_768


def test_a_port_that_somebody_listens_on_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [taken.getsockname()[1], other]
        monkeypatch.setattr(under_test, "QUIET_PORTS", ports)
        assert {free_port() for _ in range(20)} == {other}


async def test_a_bot_that_gives_up_is_quoted(tmp_path: Path) -> None:
    process = BotProcess(
        environment=os.environ,
        port=free_port(),
        log=tmp_path / "bot.log",
        program=("-c", "raise SystemExit('the port is in use')"),
    )
    with pytest.raises(BotDownError, match=r"status 1\n    the port is in use$"):
        await process.supervise()


def test_only_the_end_of_a_log_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    log.write_text("".join(f"line {n}\n" for n in range(9000)))
    quoted = last_words(log).splitlines()
    assert len(quoted) == LINES + 1
    assert quoted[-1] == "    line 8999"


def test_of_a_log_that_is_not_there_nothing_is_quoted(tmp_path: Path) -> None:
    assert last_words(None) == last_words(tmp_path / "none.log") == ""
