"""Names that Postgres cannot hold: the sender is told, and nobody is left waiting."""

import copy
import json
from typing import Any

import aiohttp
import pytest

from adapters.slack import said
from tests.support.play import Play

NOBODYS = ["\x00", "x\ud800"]


@pytest.mark.parametrize("odd", NOBODYS, ids=["NUL", "half a character"])
@pytest.mark.parametrize("field", ["thread_ts", "channel", "user"])
async def test_slack_is_told_that_an_id_is_none(
    play: Play, field: str, odd: str
) -> None:
    slack = play.stage.slack
    event: dict[str, Any] = {
        "type": "message",
        "user": "U0MAYA",
        "channel": play.direct("U0MAYA"),
        "channel_type": "im",
        "ts": "1.0",
        "text": "hello",
    }
    event[field] = odd
    body = {
        "type": "event_callback",
        "team_id": slack.snapshot()["team"]["id"],
        "event_id": "Ev1",
        "event": event,
    }
    raw = json.dumps(body).encode()
    headers = {**slack.sign(raw), "Content-Type": "application/json"}
    assert (await slack.deliver_raw(raw, headers)).status == 400


def test_half_a_character_in_a_slack_message_is_left_out() -> None:
    assert said.plain_text("VPN?\ud83d how", "UBOT") == "VPN? how"


@pytest.mark.parametrize("odd", NOBODYS, ids=["NUL", "half a character"])
async def test_teams_is_told_that_an_id_is_none(play: Play, odd: str) -> None:
    teams = play.stage.teams
    url = f"http://127.0.0.1:{play.stage.bot_port}/api/messages"
    plain = teams.compose("omar.haddad", "hello")
    press: dict[str, Any] = {
        "action": {"verb": "approval.approve", "data": {"a": odd, "h": "h"}}
    }
    changes: list[tuple[dict[str, Any], int]] = [
        ({"id": odd}, 400),
        ({"from": {**plain["from"], "aadObjectId": odd}}, 400),
        ({"type": "invoke", "name": "adaptiveCard/action", "value": press}, 200),
    ]
    async with aiohttp.ClientSession() as http:
        for change, status in changes:
            activity = {**copy.deepcopy(plain), **change}
            headers = {"Authorization": f"Bearer {teams.mint()}"}
            async with http.post(url, json=activity, headers=headers) as answer:
                assert answer.status == status, change
