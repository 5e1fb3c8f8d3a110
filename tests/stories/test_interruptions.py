"""Stop, steer and queue: what people do while a turn runs."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.play import Play, actions_in, playing, said_in

DESIGNER = "U0MAYA"


@pytest.fixture
async def slow(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    """A bot that writes slowly enough to be interrupted."""
    async with playing(database_url, tmp_path, words_per_second=15) as play:
        yield play


async def test_stop_ends_the_turn_in_the_middle(slow: Play) -> None:
    await slow.say_in_slack(DESIGNER, "How do I connect to the VPN?")
    message = await slow.slack_shows(DESIGNER, "Install")
    stop = next(a for a in actions_in(message) if a["action_id"] == "turn.stop")
    await slow.stage.slack.click(
        DESIGNER, slow.direct(DESIGNER), message["ts"], stop["action_id"]
    )
    stopped = await slow.slack_shows(DESIGNER, "stopped")
    await slow.ended()
    assert stopped["ts"] == message["ts"]
    assert not actions_in(slow.bot_in_slack(DESIGNER)[0])
    assert "not needed for mail" not in said_in(slow.bot_in_slack(DESIGNER)[0])
    assert [r[0] for r in await slow.rows("SELECT status FROM turn")] == ["cancelled"]


async def test_only_the_requester_can_stop(slow: Play) -> None:
    await slow.say_in_slack(DESIGNER, "How do I connect to the VPN?")
    message = await slow.slack_shows(DESIGNER, "Install")
    [turn] = await slow.rows("SELECT turn_id FROM turn")
    channel = slow.direct(DESIGNER)
    payload = {
        "type": "block_actions",
        "team": {"id": slow.stage.slack.snapshot()["team"]["id"]},
        "user": {"id": "U0OMAR"},
        "container": {"message_ts": message["ts"], "channel_id": channel},
        "channel": {"id": channel},
        "actions": [
            {
                "action_id": "turn.stop",
                "value": json.dumps({"t": turn[0]}),
                "action_ts": "1.0",
            }
        ],
    }
    assert await slow.press_as_forged(payload) == 200
    await slow.ended()
    assert [r[0] for r in await slow.rows("SELECT status FROM turn")] == ["completed"]


async def test_a_second_message_changes_what_is_asked_for(slow: Play) -> None:
    asked = await slow.say_in_slack(
        DESIGNER, "Can I get read access to the design system repo?"
    )
    await slow.slack_shows(DESIGNER, "let me")
    await slow.say_in_slack(DESIGNER, "write access, not read", thread=asked)
    await slow.teams_shows("priya.nair", "write", "design-system")
    turns = await slow.rows("SELECT turn_id FROM turn")
    assert len(turns) == 1
    steers = await slow.rows(
        "SELECT body->>'text' FROM turn_event WHERE type = 'turn.steered'"
    )
    assert [row[0] for row in steers] == ["write access, not read"]


async def test_somebody_elses_message_waits_for_its_turn(slow: Play) -> None:
    slack = slow.stage.slack
    channel = slack.help_channel.id
    asked = await slack.say(DESIGNER, channel, "@Deskhand how do I connect to the VPN?")
    await slack.wait_for(
        lambda: [m for m in slack.thread(channel, asked) if m.get("bot_id")]
    )
    await slack.say(
        "U0OMAR", channel, "@Deskhand what is the leave policy?", thread_ts=asked
    )
    await slow.ended(2)
    answers = [said_in(m) for m in slack.thread(channel, asked) if m.get("bot_id")]
    assert len(answers) == 2
    assert "VPN" in answers[0]
    assert "Leave" in answers[1]
