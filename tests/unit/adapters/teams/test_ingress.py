import asyncio
import json
from io import BytesIO
from typing import Any

import jwt
import pytest
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.ports.inbox import Acceptance
from bot.protocol.ids import ApprovalId
from bot.protocol.inbound import Continued, Decided, Met, Said, Stopped
from bot.protocol.values import Fact
from bot.view.nodes import ApprovalView, TurnView
from tests.support.teams_channel import (
    ANN,
    APP_ID,
    TENANT,
    Channel,
    ManualClock,
    RecordingInbox,
    hang_up,
)

Bot = TestClient[Any, Any]


async def send(bot: Bot, channel: Channel, activity: object, **claims: Any):  # noqa: ANN401
    headers = {"Authorization": f"Bearer {channel.token(**claims)}"}
    return await bot.post("/api/messages", json=activity, headers=headers)


async def test_a_signed_message_is_committed_and_then_answered(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    response = await send(bot, channel, channel.activity())
    assert response.status == 202
    [said] = inbox.accepted
    assert isinstance(said, Said)
    assert said.text == "How do I connect to the VPN?"
    assert (said.user.user_id, said.user.workspace) == (ANN, TENANT)
    assert said.address.service_url == channel.service_url
    assert said.address.user == "29:ann"
    assert said.address.personal


async def test_nobody_is_answered_before_the_delivery_is_committed(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.commit = asyncio.Event()
    for activity in (channel.activity(), channel.click("turn.stop", {"t": "turn-1"})):
        inbox.commit.clear()
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(send(bot, channel, activity))
            await inbox.asked.wait()
            assert not answer.done()
            inbox.commit.set()
        assert answer.result().status in {200, 202}
        inbox.asked.clear()
    assert len(inbox.accepted) == 2


async def test_a_redelivered_message_says_the_same(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    for _ in range(5):
        assert (await send(bot, channel, channel.activity())).status == 202
    assert len({i.said_key for i in inbox.accepted}) == 1
    assert len({i.delivery_id for i in inbox.accepted}) == 1


BAD_TOKENS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_700_000_000},
    "not valid yet": {"nbf": 1_900_000_000},
    "for another bot": {"aud": "00000000-0000-0000-0000-00000000ffff"},
    "for several bots": {"aud": [APP_ID, "other"]},
    "by another issuer": {"iss": "https://api.botframework.us"},
    "forged": {"signed_by": "a stranger's"},
    "of an unknown key": {"kid": "key-9"},
    "of no key": {"kid": None},
    "of a key for another channel": {"kid": "key-2"},
    "of a key for no channel": {"kid": "key-3"},
    "without service URL": {"without": ("serviceurl",)},
    "for another service URL": {"serviceurl": "https://smba.trafficmanager.net/x/"},
    "with a longer service URL": {"serviceurl": "http://127.0.0.1/teams/x"},
    "without expiry": {"without": ("exp",)},
    "with an odd expiry": {"exp": "soon"},
    "signed with a shared secret": {"algorithm": "HS256"},
}


@pytest.mark.parametrize("claims", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_a_bad_token_is_401_and_nothing_is_accepted(
    bot: Bot, channel: Channel, inbox: RecordingInbox, claims: dict[str, Any]
) -> None:
    channel.keys |= {"key-2": ("webchat",), "key-3": ()}
    assert (await send(bot, channel, channel.activity(), **claims)).status == 401
    assert inbox.accepted == []
    assert (await send(bot, channel, channel.activity())).status == 202


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer e30.e30.e30",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic dXNlcjpwYXNz",
        "Bearer " + jwt.encode({}, "k" * 32, headers={"kid": "key-1"}),
        "Bearer " + jwt.encode({}, "k" * 32, headers={"kid": "\ud800"}),
        "Bearer " + "x" * 7000,
    ],
)
async def test_what_is_not_a_token_is_401(
    bot: Bot, channel: Channel, inbox: RecordingInbox, header: str | None
) -> None:
    headers = {"Authorization": header} if header is not None else {}
    response = await bot.post("/api/messages", json=channel.activity(), headers=headers)
    assert response.status == 401
    assert inbox.accepted == []


async def test_a_token_is_good_for_five_minutes_longer_than_it_says(
    bot: Bot, channel: Channel, clock: ManualClock
) -> None:
    clock.elapsed = 3600 + 299
    assert (await send(bot, channel, channel.activity())).status == 202
    clock.elapsed = 3600 + 301
    assert (await send(bot, channel, channel.activity())).status == 401


async def test_keys_are_fetched_once_and_again_when_they_rotate(
    bot: Bot, channel: Channel, clock: ManualClock
) -> None:
    for _ in range(3):
        await send(bot, channel, channel.activity())
    assert channel.key_fetches == 1
    channel.keys = {"key-5": ("msteams",)}
    clock.elapsed = 60
    assert (await send(bot, channel, channel.activity(), kid="key-5")).status == 202
    assert channel.key_fetches == 2


async def test_invented_key_ids_do_not_make_us_fetch_keys_all_the_time(
    bot: Bot, channel: Channel, clock: ManualClock
) -> None:
    for number in range(20):
        kid = f"invented-{number}"
        response = await send(bot, channel, channel.activity(), kid=kid, signed_by="k")
        assert response.status == 401
    assert channel.key_fetches == 1
    assert clock.elapsed == 0


async def test_without_any_keys_nobody_is_let_in_and_nobody_is_called_a_liar(
    bot: Bot, channel: Channel, clock: ManualClock, inbox: RecordingInbox
) -> None:
    channel.keys_away = True
    assert (await send(bot, channel, channel.activity())).status == 503
    assert inbox.accepted == []
    channel.keys_away = False
    clock.elapsed = 60
    assert (await send(bot, channel, channel.activity())).status == 202


async def test_old_keys_hold_while_new_ones_cannot_be_had(
    bot: Bot, channel: Channel, clock: ManualClock
) -> None:
    await send(bot, channel, channel.activity())
    channel.keys_away = True
    clock.elapsed = 25 * 3600
    exp = channel_time(clock) + 600
    assert (await send(bot, channel, channel.activity(), exp=exp)).status == 202
    assert channel.key_fetches == 2


def channel_time(clock: ManualClock) -> int:
    return int(clock.now().timestamp())


async def test_another_tenant_is_403(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    stranger = {"tenant": {"id": "00000000-0000-0000-0000-00000000c002"}}
    response = await send(bot, channel, channel.activity(channelData=stranger))
    assert response.status == 403
    nobody = channel.activity(channelData={}, conversation={"id": "a:1"})
    assert (await send(bot, channel, nobody)).status == 403
    assert inbox.accepted == []


async def test_a_service_url_off_the_list_is_403_even_when_signed(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    url = "https://evil.example/teams/"
    activity = channel.activity(serviceUrl=url)
    assert (await send(bot, channel, activity, serviceurl=url)).status == 403
    assert inbox.accepted == []


async def test_another_channel_is_401(bot: Bot, channel: Channel) -> None:
    channel.keys["key-2"] = ("msteams", "webchat")
    activity = channel.activity(channelId="webchat")
    assert (await send(bot, channel, activity, kid="key-2")).status == 401


async def test_a_body_over_one_mebibyte_is_413(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    headers = {"Authorization": f"Bearer {channel.token()}"}

    async def post(size: int):
        activity = channel.activity(text="x" * size)
        body = BytesIO(json.dumps(activity).encode())
        return await bot.post("/api/messages", data=body, headers=headers)

    assert (await post(2 * 1024 * 1024)).status == 413

    async def chunks():
        for _ in range(33):
            yield b"x" * (64 * 1024)

    response = await bot.post("/api/messages", data=chunks(), headers=headers)
    assert response.status == 413
    assert (await post(1024 * 1024 - 2000)).status == 202
    assert len(inbox.accepted) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"type":"message","from":"Ann"',
    ],
)
async def test_broken_json_is_400(
    bot: Bot, channel: Channel, inbox: RecordingInbox, body: bytes
) -> None:
    headers = {"Authorization": f"Bearer {channel.token()}"}
    response = await bot.post("/api/messages", data=body, headers=headers)
    assert response.status == 400
    assert inbox.accepted == []


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "Ann"},
        {"from": None},
        {"id": None},
        {"conversation": None},
        {"conversation": "a:1"},
        {"entities": 3},
        {"timestamp": "noon"},
        {"membersAdded": "Ann"},
    ],
)
async def test_a_message_that_makes_no_sense_is_400(
    bot: Bot, channel: Channel, inbox: RecordingInbox, changes: dict[str, Any]
) -> None:
    assert (await send(bot, channel, channel.activity(**changes))).status == 400
    assert inbox.accepted == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "name", "tenant", "text", "action", "data", "verb"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=150,
)
@given(
    kind=st.sampled_from(["message", "invoke", "conversationUpdate", "odd"]),
    changes=st.dictionaries(
        st.sampled_from(
            (
                *("id", "from", "recipient", "conversation", "channelData", "text"),
                *("entities", "value", "name", "membersAdded", "timestamp", "action"),
                *("attachments", "replyToId", "locale", "type"),
            )
        ),
        JSON,
        max_size=4,
    ),
)
async def test_nothing_that_is_signed_makes_a_500(
    bot: Bot, channel: Channel, kind: str, changes: dict[str, Any]
) -> None:
    activity = channel.activity(type=kind, name="adaptiveCard/action") | changes
    response = await send(bot, channel, activity)
    assert response.status in {200, 202, 400, 403, 501}


# ------------------------------------------------------------------- other kinds


@pytest.mark.parametrize(
    "kind", ["messageUpdate", "messageDelete", "messageReaction", "typing", "event"]
)
async def test_what_needs_nothing_is_200(
    bot: Bot, channel: Channel, inbox: RecordingInbox, kind: str
) -> None:
    assert (await send(bot, channel, channel.activity(type=kind))).status == 200
    assert inbox.accepted == []


async def test_being_installed_tells_where_a_person_can_be_reached(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    installed = channel.activity(type="installationUpdate", action="add", id="f:1")
    assert (await send(bot, channel, installed)).status == 202
    [met] = inbox.accepted
    assert isinstance(met, Met)
    assert met.address.channel == "a:chat-1"


async def test_an_unknown_invoke_is_501(bot: Bot, channel: Channel) -> None:
    invoke = channel.activity(type="invoke", name="task/fetch", value={})
    assert (await send(bot, channel, invoke)).status == 501


# ------------------------------------------------------------------------ clicks

REQUEST = ApprovalView(
    approval_id=ApprovalId("ap-1"),
    args_hash="h-1",
    title="Editor seat for Ann",
    facts=(Fact(label="Resource", value="Editor"),),
    status="Approved by Bob.",
    can_decide=False,
)
LOCKED = TurnView(headline="Decided", mood="done", approvals=(REQUEST,))
DATA = {"a": "ap-1", "h": "h-1", "reason": " looks good "}


async def test_a_click_is_answered_with_the_card_as_it_is_now(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.answer = Acceptance(outcome="decided", sentence="Approved.", view=LOCKED)
    response = await send(bot, channel, channel.click("approval.approve", DATA))
    assert response.status == 200
    body = await response.json()
    assert body["statusCode"] == 200
    assert body["type"] == "application/vnd.microsoft.card.adaptive"
    assert body["value"]["type"] == "AdaptiveCard"
    assert "Approved by Bob." in json.dumps(body["value"])
    [decided] = inbox.accepted
    assert isinstance(decided, Decided)
    assert decided.verdict == "approved"
    assert decided.approval_id == "ap-1"
    assert decided.args_hash == "h-1"
    assert decided.reason == "looks good"
    assert decided.user.user_id == ANN


async def test_a_click_sent_again_under_a_new_id_is_the_same_decision(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    for number in (1, 1, 2):
        click = channel.click("approval.reject", DATA) | {"id": f"f:{number}"}
        await send(bot, channel, click)
    assert len({i.said_key for i in inbox.accepted}) == 1
    assert len({i.delivery_id for i in inbox.accepted}) == 2


async def test_other_people_verdicts_and_arguments_are_other_decisions(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    bob = {"id": "29:bob", "name": "Bob", "aadObjectId": "bob"}
    for click in (
        channel.click("approval.approve", DATA),
        channel.click("approval.reject", DATA),
        channel.click("approval.approve", DATA | {"h": "h-2"}),
        channel.click("approval.approve", DATA | {"a": "ap-2"}),
        channel.click("approval.approve", DATA, **{"from": bob}),
    ):
        await send(bot, channel, click)
    assert len({i.said_key for i in inbox.accepted}) == 5


async def test_who_may_not_decide_is_told_so(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.answer = Acceptance(
        outcome="not_entitled", sentence="Only Bob decides.", view=LOCKED
    )
    response = await send(bot, channel, channel.click("approval.approve", DATA))
    assert response.status == 200
    assert await response.json() == {
        "statusCode": 200,
        "type": "application/vnd.microsoft.activity.message",
        "value": "Only Bob decides.",
    }


async def test_stop_is_answered_with_a_sentence(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    response = await send(bot, channel, channel.click("turn.stop", {"t": "turn-1"}))
    body = await response.json()
    assert body["type"] == "application/vnd.microsoft.activity.message"
    assert body["value"]
    [stopped] = inbox.accepted
    assert isinstance(stopped, Stopped)
    assert stopped.turn_id == "turn-1"


async def test_continue_is_answered_with_a_sentence(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    click = channel.click("turn.continue", {"t": "turn-1"})
    body = await (await send(bot, channel, click)).json()
    assert body["type"] == "application/vnd.microsoft.activity.message"
    [pressed] = inbox.accepted
    assert isinstance(pressed, Continued)
    assert pressed.turn_id == "turn-1"


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("approval.approve", {}),
        ("approval.approve", {"a": "ap-1"}),
        ("approval.approve", {"a": ["ap-1"], "h": "h"}),
        ("approval.reject", {"a": "x" * 500, "h": "h"}),
        ("turn.stop", {"t": ""}),
        ("turn.explode", {"t": "turn-1"}),
    ],
)
async def test_a_button_that_makes_no_sense_is_an_error_inside_a_200(
    bot: Bot, channel: Channel, inbox: RecordingInbox, verb: str, data: dict[str, Any]
) -> None:
    response = await send(bot, channel, channel.click(verb, data))
    assert response.status == 200
    body = await response.json()
    assert body["type"] == "application/vnd.microsoft.error"
    assert body["statusCode"] == 400
    assert inbox.accepted == []


# ------------------------------------------------------------- nothing was stored


async def test_who_wrote_while_nothing_can_be_stored_is_asked_to_send_again(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.away = True
    assert (await send(bot, channel, channel.activity())).status == 503
    [call] = channel.calls
    assert call.method == "POST"
    assert call.path == "/teams/v3/conversations/a%3Achat-1/activities"
    assert "nothing was stored" in call.body["text"]
    assert "attachments" not in call.body
    assert call.authorization == "Bearer token-1"


async def test_a_redelivery_is_not_apologised_for_again(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.away = True
    for _ in range(3):
        assert (await send(bot, channel, channel.activity())).status == 503
    assert len(channel.calls) == 1
    await send(bot, channel, channel.activity(id="1700000000002"))
    assert len(channel.calls) == 2


async def test_an_apology_that_cannot_be_sent_changes_nothing(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.away = True
    channel.replies.append(hang_up)
    assert (await send(bot, channel, channel.activity())).status == 503


async def test_a_click_while_nothing_can_be_stored_says_so(
    bot: Bot, channel: Channel, inbox: RecordingInbox
) -> None:
    inbox.away = True
    response = await send(bot, channel, channel.click("approval.approve", DATA))
    assert response.status == 200
    body = await response.json()
    assert body["type"] == "application/vnd.microsoft.error"
    assert body["statusCode"] == 503
    assert "nothing has been decided" in body["value"]["message"]
    assert channel.calls == []
