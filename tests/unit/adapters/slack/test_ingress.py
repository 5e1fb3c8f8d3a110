"""The real routes, the real bolt app, really signed requests."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.slack.client import SlackPlatform
from adapters.slack.ingress import PATH
from adapters.slack.signature import sign
from bot.errors import RateLimitedError, StoreUnavailableError
from bot.ports.inbox import Acceptance
from bot.protocol.inbound import Continued, Decided, Met, Said, Stopped
from tests.support.slack import (
    Client,
    FakeApi,
    RecordingInbox,
    client_for,
    platform_for,
    refuses,
    send_event,
    send_form,
    send_interaction,
    signed,
)

Load = Callable[[str], dict[str, Any]]

# ---------------------------------------------------------------- ack after commit


async def test_the_200_leaves_only_after_the_delivery_is_committed(
    client: Client, inbox: RecordingInbox, load: Load
):
    inbox.commit.clear()
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(send_event(client, load("app_mention")))
        await inbox.entered.wait()
        done, _ = await asyncio.wait({sent}, timeout=0.05)
        assert not done
        inbox.commit.set()
    assert sent.result()[0] == 200
    assert len(inbox.accepted) == 1


@pytest.mark.parametrize("name", ["app_mention", "message_im"])
async def test_an_event_that_cannot_be_stored_is_asked_for_again(
    client: Client, inbox: RecordingInbox, load: Load, name: str
):
    inbox.error = StoreUnavailableError("down")
    assert (await send_event(client, load(name)))[0] == 503
    inbox.error = None
    assert (await send_event(client, load(name)))[0] == 200
    assert len(inbox.accepted) == 1


@pytest.mark.parametrize("name", ["approve_click", "stop_click", "reason_submission"])
async def test_a_click_that_cannot_be_stored_is_not_acknowledged(
    client: Client, inbox: RecordingInbox, load: Load, name: str
):
    inbox.error = StoreUnavailableError("down")
    assert (await send_interaction(client, load(name)))[0] == 503


async def test_a_sender_who_cannot_be_looked_up_is_heard_again_later(
    client: Client, inbox: RecordingInbox, load: Load
):
    inbox.error = RateLimitedError("slack", retry_after=3)
    assert (await send_event(client, load("app_mention")))[0] == 503


async def test_an_unexpected_failure_is_a_500_and_so_redelivered(
    client: Client, inbox: RecordingInbox, load: Load
):
    inbox.error = RuntimeError("bug")
    assert (await send_event(client, load("app_mention")))[0] == 500


async def test_nothing_is_taken_before_the_platform_is_started(
    inbox: RecordingInbox, api: FakeApi, load: Load
):
    async with client_for(inbox, platform_for(api)) as client:
        assert (await send_event(client, load("app_mention")))[0] == 503
    assert not inbox.accepted


# -------------------------------------------------------------------- forged, broken


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=é"},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "²"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "9" * 5000},
    ],
)
async def test_a_request_that_slack_did_not_sign_gets_a_401(
    client: Client, inbox: RecordingInbox, load: Load, change: dict[str, str]
):
    body = json.dumps(load("app_mention")).encode()
    headers = signed(body) | change
    async with client.post(PATH, data=body, headers=headers) as answer:
        assert answer.status == 401
    assert not inbox.accepted


async def test_a_tampered_body_gets_a_401(
    client: Client, inbox: RecordingInbox, load: Load
):
    body = json.dumps(load("app_mention")).encode()
    headers = signed(body)
    async with client.post(PATH, data=body + b" ", headers=headers) as answer:
        assert answer.status == 401
    assert not inbox.accepted


@pytest.mark.parametrize(("age", "status"), [(299, 200), (301, 401), (-301, 401)])
async def test_a_signature_is_good_for_five_minutes(
    client: Client, load: Load, age: int, status: int
):
    body = json.dumps(load("app_mention")).encode()
    async with client.post(PATH, data=body, headers=signed(body, age=age)) as answer:
        assert answer.status == status


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536):
        yield b" " * 65536


async def test_a_body_above_one_mebibyte_gets_a_413(client: Client):
    body = b" " * (2 * 1024 * 1024)
    data = io.BytesIO(body)
    async with client.post(PATH, data=data, headers=signed(body)) as answer:
        assert answer.status == 413


async def test_a_body_of_unknown_length_is_not_read_beyond_one_mebibyte(client: Client):
    size = 2 * 1024 * 1024
    headers = signed(b" " * size)
    async with client.post(PATH, data=_chunks(size), headers=headers) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    "body",
    [b'{"type": "event_callback"', b"[1, 2]", b'{"event": "x\xff"}', b"[" * 100_000],
)
async def test_a_signed_body_that_is_not_json_gets_a_400(client: Client, body: bytes):
    async with client.post(PATH, data=body, headers=signed(body)) as answer:
        assert answer.status == 400


async def test_a_signed_event_without_its_fields_gets_a_400_and_no_retry(
    client: Client, load: Load
):
    payload = load("app_mention")
    del payload["event"]["channel"]
    body = json.dumps(payload).encode()
    async with client.post(PATH, data=body, headers=signed(body)) as answer:
        assert answer.status == 400
        assert answer.headers["X-Slack-No-Retry"] == "1"


@pytest.mark.parametrize("value", ["", "{}", "approve", '{"a": 1, "h": 2}'])
async def test_a_button_with_a_strange_value_gets_a_400(
    client: Client, inbox: RecordingInbox, load: Load, value: str
):
    payload = load("approve_click")
    payload["actions"][0]["value"] = value
    assert (await send_interaction(client, payload))[0] == 400
    assert not inbox.accepted


# ---------------------------------------------------------------- nothing to do


async def test_slack_can_verify_the_url(client: Client):
    payload = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}
    status, text = await send_event(client, payload)
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw1aB"})


@pytest.mark.parametrize("name", ["own_message", "message_changed"])
async def test_the_bots_own_messages_and_edits_are_ignored(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load, name: str
):
    assert (await send_event(client, load(name)))[0] == 200
    assert not inbox.accepted
    assert not api.calls


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B77", "user": "U77"},
        {"subtype": "bot_message"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"user_team": "T2"},
        {"source_team": "T2"},
    ],
)
async def test_other_bots_notices_and_strangers_are_ignored(
    client: Client, inbox: RecordingInbox, load: Load, change: dict[str, str]
):
    payload = load("message_im")
    payload["event"] |= change
    assert (await send_event(client, payload))[0] == 200
    assert not inbox.accepted


async def test_an_event_of_another_workspace_is_ignored(
    client: Client, inbox: RecordingInbox, load: Load
):
    payload = load("app_mention")
    payload["team_id"] = payload["authorizations"][0]["team_id"] = "T2"
    assert (await send_event(client, payload))[0] == 200
    assert not inbox.accepted


@pytest.mark.parametrize("name", ["approve_click", "reject_click", "reason_submission"])
async def test_a_click_from_another_workspace_is_ignored(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load, name: str
):
    for who, key in (("team", "id"), ("user", "team_id")):
        payload = load(name)
        payload[who][key] = "T2"
        assert (await send_interaction(client, payload))[0] == 200
    assert not inbox.accepted
    assert not api.calls


@pytest.mark.parametrize(
    "event_type", ["reaction_added", "app_context_changed", "team_rename"]
)
async def test_an_event_that_nobody_handles_gets_a_200(
    client: Client, inbox: RecordingInbox, load: Load, event_type: str
):
    payload = load("app_mention")
    payload["event"] = {"type": event_type, "user": "U7", "event_ts": "1.2"}
    assert (await send_event(client, payload))[0] == 200
    assert not inbox.accepted


async def test_an_interaction_that_nobody_handles_gets_a_200(
    client: Client, inbox: RecordingInbox, load: Load
):
    payload = load("approve_click")
    payload["actions"][0]["action_id"] = "open.link"
    assert (await send_interaction(client, payload))[0] == 200
    assert (await send_interaction(client, {"type": "shortcut", "user": {}}))[0] == 200
    assert not inbox.accepted


async def test_a_command_is_told_where_to_write(client: Client, inbox: RecordingInbox):
    fields = {"command": "/helpdesk", "text": "vpn", "team_id": "T1", "user_id": "U7"}
    status, text = await send_form(client, fields)
    assert status == 200
    assert json.loads(text)["response_type"] == "ephemeral"
    assert not inbox.accepted


async def test_no_request_asks_slack_who_the_bot_is(
    client: Client, api: FakeApi, load: Load
):
    for name in ("app_mention", "message_im", "own_message"):
        await send_event(client, load(name))
    assert not api.calls


async def test_bolt_does_not_read_its_own_settings_from_the_environment(
    inbox: RecordingInbox,
    platform: SlackPlatform,
    load: Load,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-other")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "other")
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "s")
    async with client_for(inbox, platform) as client:
        assert (await send_event(client, load("app_mention")))[0] == 200
    assert len(inbox.accepted) == 1


# --------------------------------------------------------------------------- said


async def test_one_message_sent_as_two_events_has_two_ids_and_one_said_key(
    client: Client, inbox: RecordingInbox, load: Load
):
    await send_event(client, load("app_mention"))
    await send_event(client, load("message_with_mention"))
    first, second = inbox.accepted
    assert isinstance(first, Said)
    assert first.delivery_id == "slack:event:Ev0001"
    assert first.said_key == "slack:T1:C1:1763640000.000100"
    assert second == first.model_copy(update={"delivery_id": "slack:event:Ev0002"})


async def test_opening_the_bots_messages_tells_where_a_person_can_be_reached(
    client: Client, inbox: RecordingInbox, load: Load
):
    await send_event(client, load("app_home_opened"))
    (met,) = inbox.accepted
    assert isinstance(met, Met)
    assert (met.address.channel, met.address.personal) == ("D1", True)


# ------------------------------------------------------------------------- clicks


async def test_approve_is_decided_at_once_and_tells_nothing_more(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load
):
    inbox.answer = Acceptance(outcome="decided", sentence="Recorded.")
    assert (await send_interaction(client, load("approve_click")))[0] == 200
    (decided,) = inbox.accepted
    assert isinstance(decided, Decided)
    assert (decided.verdict, decided.approval_id) == ("approved", "appr-1")
    assert (decided.args_hash, decided.user.user_id) == ("hash-1", "U9")
    assert not api.calls


@pytest.mark.parametrize("name", ["approve_click", "stop_click"])
async def test_a_click_that_does_not_count_is_explained_to_who_clicked(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load, name: str
):
    inbox.answer = Acceptance(outcome="not_entitled", sentence="Not <you> & co.")
    assert (await send_interaction(client, load(name)))[0] == 200
    (told,) = api.called("chat.postEphemeral")
    assert told == {
        "channel": "D9",
        "user": "U9",
        "thread_ts": "1763640099.000100",
        "text": "Not &lt;you&gt; &amp; co.",
    }


async def test_a_click_is_done_even_if_its_explanation_cannot_be_shown(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load
):
    inbox.answer = Acceptance(outcome="stale", sentence="Look at the new card.")
    api.next("chat.postEphemeral", refuses("channel_not_found"))
    assert (await send_interaction(client, load("approve_click")))[0] == 200


async def test_the_same_click_has_the_same_name_and_another_click_another(
    client: Client, inbox: RecordingInbox, load: Load
):
    again = load("approve_click")
    again["actions"][0]["action_ts"] = "1763640112.000000"
    for payload in (load("approve_click"), load("approve_click"), again):
        await send_interaction(client, payload)
    first, same, other = (each.said_key for each in inbox.accepted)
    assert first == same != other


async def test_reject_asks_for_the_reason_first(
    client: Client, inbox: RecordingInbox, api: FakeApi, load: Load
):
    assert (await send_interaction(client, load("reject_click")))[0] == 200
    (opened,) = api.called("views.open")
    assert opened["trigger_id"] == "12.34.abc"
    metadata = json.loads(opened["view"]["private_metadata"])
    assert metadata == {"a": "appr-1", "h": "hash-1"}
    assert not inbox.accepted


async def test_a_form_that_does_not_open_is_explained(
    client: Client, api: FakeApi, load: Load
):
    api.next("views.open", refuses("expired_trigger_id"))
    assert (await send_interaction(client, load("reject_click")))[0] == 200
    (told,) = api.called("chat.postEphemeral")
    assert "Nothing was changed" in told["text"]


async def test_the_reason_makes_it_a_rejection(
    client: Client, inbox: RecordingInbox, load: Load
):
    inbox.answer = Acceptance(outcome="decided")
    answer = await send_interaction(client, load("reason_submission"))
    assert answer == (200, "")
    (decided,) = inbox.accepted
    assert isinstance(decided, Decided)
    assert (decided.verdict, decided.reason) == ("rejected", "No budget this quarter.")


@pytest.mark.parametrize("reason", ["", "  \n ", None])
async def test_a_rejection_needs_a_reason(
    client: Client, inbox: RecordingInbox, load: Load, reason: str | None
):
    payload = load("reason_submission")
    payload["view"]["state"]["values"]["reason"]["text"]["value"] = reason
    status, text = await send_interaction(client, payload)
    assert (status, json.loads(text)["response_action"]) == (200, "errors")
    assert not inbox.accepted


async def test_a_rejection_that_does_not_count_keeps_the_form_open_and_says_why(
    client: Client, inbox: RecordingInbox, load: Load
):
    inbox.answer = Acceptance(outcome="already_decided", sentence="Kim was faster.")
    status, text = await send_interaction(client, load("reason_submission"))
    assert status == 200
    assert json.loads(text) == {
        "response_action": "errors",
        "errors": {"reason": "Kim was faster."},
    }


async def test_continue_names_the_turn(
    client: Client, inbox: RecordingInbox, load: Load
):
    click = load("stop_click")
    click["actions"][0]["action_id"] = "turn.continue"
    assert (await send_interaction(client, click))[0] == 200
    (pressed,) = inbox.accepted
    assert isinstance(pressed, Continued)
    assert pressed.turn_id == "turn-1"


async def test_stop_names_the_turn(client: Client, inbox: RecordingInbox, load: Load):
    assert (await send_interaction(client, load("stop_click")))[0] == 200
    (stopped,) = inbox.accepted
    assert isinstance(stopped, Stopped)
    assert stopped.turn_id == "turn-1"


def test_the_signature_is_the_documented_one():
    """The example of Slack's own documentation."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"
        b"&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F"
        b"397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    secret = "8f742231b10e8888abcd99yyyzzz85a5"
    assert sign(body, timestamp="1531420618", secret=secret) == f"v0={expected}"
