"""Deliveries that come twice, too late, too large, forged or broken."""

import json
from collections.abc import Mapping
from io import BytesIO

import aiohttp
import pytest

from tests.support.play import Play

DESIGNER, ENGINEER = "U0MAYA", "omar.haddad"


async def test_five_copies_of_a_slack_event_make_one_turn(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
    await play.ended()
    attempts = await play.stage.slack.redeliver(play.last_said_event(), times=5)
    assert [attempt.status for attempt in attempts] == [200] * 5
    assert [r[0] for r in await play.rows("SELECT count(*) FROM turn")] == [1]
    assert len(play.bot_in_slack(DESIGNER)) == 1


async def test_a_mention_that_comes_as_two_events_makes_one_turn(play: Play) -> None:
    slack = play.stage.slack
    channel = slack.help_channel.id
    await slack.say(DESIGNER, channel, "@Deskhand how do I connect to the VPN?")
    await play.ended()
    events = [e for e in slack.sent_events() if e["event"].get("user") == DESIGNER]
    assert {e["event"]["type"] for e in events} == {"app_mention", "message"}
    assert [r[0] for r in await play.rows("SELECT count(*) FROM turn")] == [1]


async def test_five_copies_of_a_teams_activity_make_one_turn(play: Play) -> None:
    said = await play.stage.teams.say(ENGINEER, "How do I connect to the VPN?")
    await play.ended()
    outcomes = await play.stage.teams.redeliver(said, times=5)
    assert all(outcome.accepted for outcome in outcomes)
    assert [r[0] for r in await play.rows("SELECT count(*) FROM turn")] == [1]
    assert len(play.bot_in_teams(ENGINEER)) == 1


async def test_an_approval_pressed_five_times_counts_once(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows("priya.nair", "Figma")
    for _ in range(5):
        answer = await play.press_in_teams("priya.nair", card, "approval.approve")
        assert answer["statusCode"] == 200
    await play.ended()
    assert [r[0] for r in await play.rows("SELECT count(*) FROM decision")] == [1]
    assert [r[0] for r in await play.rows("SELECT count(*) FROM access_grant")] == [1]


async def test_the_requester_cannot_approve_with_a_forged_press(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    await play.teams_shows("priya.nair", "Figma")
    [row] = await play.rows("SELECT approval_id, args_hash FROM approval")
    channel = play.direct(DESIGNER)
    value = json.dumps({"a": row[0], "h": row[1]})
    payload = {
        "type": "block_actions",
        "team": {"id": play.stage.slack.snapshot()["team"]["id"]},
        "user": {"id": DESIGNER},
        "container": {"message_ts": "1.0", "channel_id": channel},
        "channel": {"id": channel},
        "actions": [
            {"action_id": "approval.approve", "value": value, "action_ts": "1.0"}
        ],
    }
    assert await play.press_as_forged(payload) == 200
    assert not await play.rows("SELECT 1 FROM decision")
    assert [r[0] for r in await play.rows("SELECT status FROM approval")] == ["open"]


EVENT = b'{"type":"event_callback","team_id":"T","event":{"type":"message"}}'


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"X-Slack-Signature": "v0=" + "0" * 64}, 401),
        ({"X-Slack-Request-Timestamp": "1500000000"}, 401),
        ({"X-Slack-Request-Timestamp": "yesterday"}, 401),
        ({"X-Slack-Signature": ""}, 401),
    ],
    ids=["tampered", "stale", "no time", "unsigned"],
)
async def test_a_slack_request_that_is_not_slacks_is_refused(
    play: Play, change: Mapping[str, str], status: int
) -> None:
    slack = play.stage.slack
    headers = {**slack.sign(EVENT), "Content-Type": "application/json"}
    assert (await slack.deliver_raw(EVENT, headers)).status == 200
    attempt = await slack.deliver_raw(EVENT, {**headers, **change})
    assert attempt.status == status
    assert not await play.rows("SELECT 1 FROM turn")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"type": "event_callback", ', 400), (b"x" * 2 * 1024 * 1024, 413)],
    ids=["broken JSON", "2 MiB"],
)
async def test_a_slack_body_that_cannot_be_read_is_refused(
    play: Play, body: bytes, status: int
) -> None:
    slack = play.stage.slack
    headers = {**slack.sign(body), "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(slack.bot_url, data=BytesIO(body), headers=headers) as answer,
    ):
        assert answer.status == status


async def test_a_forged_token_is_refused_and_the_real_one_is_not(play: Play) -> None:
    teams = play.stage.teams
    activity = json.dumps(teams.compose(ENGINEER, "hello")).encode()
    url = f"http://127.0.0.1:{play.stage.bot_port}/api/messages"
    async with aiohttp.ClientSession() as http:

        async def post(token: str, body: bytes = activity) -> int:
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            }
            async with http.post(url, data=BytesIO(body), headers=headers) as answer:
                return answer.status

        good = teams.mint()
        head, claims, _ = good.split(".")
        assert await post(f"{head}.{claims}.AAAA") == 401
        assert await post("garbage") == 401
        assert await post(teams.mint({"aud": "somebody-else"})) == 401
        assert await post(teams.mint({"exp": 1_500_000_000})) == 401
        assert await post(teams.mint({"serviceurl": "https://evil.example/"})) == 401
        assert await post(good, b"{broken") == 400
        assert await post(good, b"x" * 2 * 1024 * 1024) == 413
        assert not await play.rows("SELECT 1 FROM turn")
        assert await post(good) in {200, 201, 202}
    await play.ended()
