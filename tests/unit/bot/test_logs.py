"""Log lines: what is in them by mistake is taken out before they are written."""

import json
import logging

import pytest
import structlog

from bot.commands.logs import set_up_logs
from bot.redaction import HIDDEN


def fail() -> None:
    raise OSError("no postgres://bot:hunter2@db/x")


def test_a_secret_in_an_error_is_not_in_the_log_line(
    capsys: pytest.CaptureFixture[str],
):
    handlers = logging.root.handlers[:]
    try:
        set_up_logs("json")
        log = structlog.get_logger()
        try:
            fail()
        except OSError as error:
            log.exception("tool.failed", error=repr(error), token="t", count=3)
    finally:
        logging.root.handlers[:] = handlers
    written = capsys.readouterr().err
    line = json.loads(written)
    assert "hunter2" not in written
    assert f"bot:{HIDDEN}@db" in line["error"] and "OSError" in line["exception"]
    assert (line["token"], line["count"]) == ("[blanked]", 3)
