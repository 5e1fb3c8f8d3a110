"""What a model thinks is kept for the model, and for nobody else."""

import json
from pathlib import Path

import pytest

from tests.support.claude import (
    closed,
    delta,
    ended,
    opened,
    sse,
    start,
    text,
    tool,
)
from tests.support.claude_speaks import Question, has_answers, speaking

DESIGNER = "U0MAYA"
SECRETLY = "They must not hear this."
THOUGHTS = [
    opened(0, type="thinking", thinking="", signature=""),
    delta(0, type="thinking_delta", thinking=SECRETLY),
    delta(0, type="signature_delta", signature="c2ln"),
    closed(0),
]


async def test_what_a_model_thinks_is_shown_and_logged_to_nobody(
    database_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    back: list[Question] = []

    def reply(question: Question) -> bytes:
        if has_answers(question):
            back.append(question)
            said = text(1, "Install the client.")
            return sse(start(), *THOUGHTS, *said, *ended("end_turn"))
        calls = tool(1, "search_knowledge", json.dumps({"query": "VPN"}))
        return sse(start(), *THOUGHTS, *calls, *ended("tool_use"))

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        shown = json.dumps([change.body for change in play.stage.journal.after(0)])
        assert "Install the client." in shown
        assert SECRETLY not in shown
        assert await play.rows("SELECT answer FROM turn") == [("Install the client.",)]
        kinds = "SELECT body ->> 'kind' FROM turn_event WHERE type = 'item.opened'"
        assert ("thought",) in await play.rows(kinds)
    [question] = back
    thought, *_ = question["messages"][-2]["content"]
    assert thought == {"type": "thinking", "thinking": SECRETLY, "signature": "c2ln"}
    lines = capfd.readouterr()
    assert "conversation" in caplog.text + lines.out + lines.err
    assert SECRETLY not in caplog.text + lines.out + lines.err
