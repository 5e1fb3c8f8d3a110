import asyncio
from datetime import UTC, datetime
from math import inf

import aiohttp
import pytest

from adapters.teams import http, limits
from adapters.teams.client import TeamsPlatform
from adapters.teams.draft import DRAFT
from adapters.teams.render import render
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView
from tests.support.teams_channel import (
    ANN,
    APP_ID,
    SECRET,
    TENANT,
    Channel,
    Gate,
    ManualClock,
    hang_up,
    refuse,
    reply,
)

SURFACE = SurfaceId("s-1")
PAYLOAD = Payload({"type": "message", "attachments": []}, "digest")
MUTED = '{"subCode": "MessageWritesBlocked", "errorCode": "Forbidden"}'
USER = UserRef(platform="teams", workspace=TENANT, user_id=ANN)


def chat(channel: Channel, conversation: str = "a:chat-1") -> Address:
    return Address(
        platform="teams",
        workspace=TENANT,
        channel=conversation,
        user="29:ann",
        service_url=channel.service_url,
        personal=True,
    )


def receipt(channel: Channel) -> Receipt:
    return Receipt(message_id="m-1", address=chat(channel))


async def post(platform: TeamsPlatform, channel: Channel) -> Receipt:
    return await platform.post(chat(channel), PAYLOAD, surface=SURFACE)


async def test_a_post_is_one_new_activity(
    platform: TeamsPlatform, channel: Channel
) -> None:
    where = chat(channel, "19:x@thread.tacv2;messageid=17")
    posted = await platform.post(where, PAYLOAD, surface=SURFACE)
    assert posted == Receipt(message_id="m-1", address=where)
    [call] = channel.calls
    assert call.method == "POST"
    assert call.path == (
        "/teams/v3/conversations/19%3Ax%40thread.tacv2%3Bmessageid%3D17/activities"
    )
    assert call.body == PAYLOAD.body


async def test_an_edit_replaces_the_activity(
    platform: TeamsPlatform, channel: Channel
) -> None:
    before = dict(PAYLOAD.body)
    channel.replies.append(reply(200, {"id": "m-1"}))
    assert await platform.edit(receipt(channel), PAYLOAD) == receipt(channel)
    [call] = channel.calls
    assert call.method == "PUT"
    assert call.path == "/teams/v3/conversations/a%3Achat-1/activities/m-1"
    assert call.body == {**PAYLOAD.body, "id": "m-1"}
    assert PAYLOAD.body == before


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7.0),
        (429, "999999", limits.LONGEST_RETRY_AFTER),
        (412, "3", 3.0),
    ],
)
async def test_being_told_to_wait_is_passed_on_and_nothing_is_repeated(
    platform: TeamsPlatform, channel: Channel, status: int, header: str, seconds: float
) -> None:
    refusal = refuse(status, "Throttled", retry_after=header)
    channel.replies += [refusal, refusal]
    with pytest.raises(RateLimitedError) as caught:
        await post(platform, channel)
    assert caught.value.retry_after == seconds
    with pytest.raises(RateLimitedError):
        await platform.edit(receipt(channel), PAYLOAD)
    assert len(channel.calls) == 2


@pytest.mark.parametrize("header", ["", "soon", "nan", "-5"])
@pytest.mark.parametrize(
    ("status", "first"),
    [(429, limits.RETRY_AFTER), (412, limits.CONFLICT_RETRY_AFTER)],
)
async def test_without_a_time_the_pauses_grow_until_something_works(
    platform: TeamsPlatform, channel: Channel, status: int, first: float, header: str
) -> None:
    async def refused() -> float:
        channel.replies.append(refuse(status, "Later", retry_after=header))
        with pytest.raises(RateLimitedError) as caught:
            await post(platform, channel)
        return caught.value.retry_after

    pauses = [await refused() for _ in range(3)]
    for pause, least in zip(pauses, (first, 2 * first, 4 * first), strict=True):
        assert least <= pause <= least * (1 + limits.JITTER)
    await post(platform, channel)
    assert await refused() == pauses[0]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_gateways_error_page_leaves_it_open_whether_it_was_shown(
    platform: TeamsPlatform, channel: Channel, status: int
) -> None:
    page = reply(status, html="<html><body>Bad Gateway</body></html>")
    channel.replies += [page, page]
    with pytest.raises(AmbiguousSendError) as caught:
        await post(platform, channel)
    assert caught.value.code == str(status)
    with pytest.raises(AmbiguousSendError):
        await platform.edit(receipt(channel), PAYLOAD)
    assert len(channel.calls) == 2


async def test_a_broken_connection_leaves_it_open_whether_it_was_shown(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(hang_up)
    with pytest.raises(AmbiguousSendError):
        await post(platform, channel)
    assert len(channel.calls) == 1


async def test_an_answer_that_does_not_come_leaves_it_open(
    channel: Channel, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REQUEST_TIMEOUT", 0.05)
    platform = TeamsPlatform(channel.config(), clock=clock)
    await platform.start()
    gate = Gate()
    channel.replies.append(gate)
    with pytest.raises(AmbiguousSendError):
        await post(platform, channel)
    gate.released.set()
    await platform.close()


async def test_nobody_at_home_means_nothing_was_sent(
    channel: Channel, clock: ManualClock, unused_tcp_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/teams/"
    config = channel.config(service_urls=(url,), default_service_url=url)
    platform = TeamsPlatform(config, clock=clock)
    await platform.start()
    address = chat(channel).model_copy(update={"service_url": url})
    with pytest.raises(RateLimitedError) as caught:
        await platform.post(address, PAYLOAD, surface=SURFACE)
    assert caught.value.retry_after == limits.UNREACHED_RETRY_AFTER
    await platform.close()


async def test_a_message_that_is_gone_is_told_apart_from_a_chat_that_is_gone(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(refuse(404, "ActivityNotFoundInConversation"))
    with pytest.raises(MessageGoneError):
        await platform.edit(receipt(channel), PAYLOAD)
    channel.replies.append(refuse(404, "ConversationNotFound"))
    with pytest.raises(PlatformError) as caught:
        await platform.edit(receipt(channel), PAYLOAD)
    assert not isinstance(caught.value, MessageGoneError)
    assert caught.value.code == "ConversationNotFound"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"error": {"code": "NotEnoughPermissions"}}, "NotEnoughPermissions"),
        (413, {"error": {"code": "MessageSizeTooBig"}}, "MessageSizeTooBig"),
        (403, {"errorCode": 209, "message": MUTED}, "MessageWritesBlocked"),
        (403, {"errorCode": 209, "message": "odd"}, "403"),
        (400, ["odd"], "400"),
        (307, None, "307"),
    ],
)
async def test_other_refusals_keep_teams_own_code(
    platform: TeamsPlatform,
    channel: Channel,
    status: int,
    body: object,
    code: str,
) -> None:
    channel.replies.append(reply(status, body))
    with pytest.raises(PlatformError) as caught:
        await post(platform, channel)
    assert not caught.value.retryable
    assert caught.value.code == code


async def test_a_page_inside_a_document_is_not_passed_on(
    platform: TeamsPlatform, channel: Channel
) -> None:
    error = {"code": "ServiceError", "message": "<!DOCTYPE html><HTML>secret</HTML>"}
    channel.replies.append(reply(500, {"error": error}))
    with pytest.raises(PlatformError) as caught:
        await post(platform, channel)
    assert str(caught.value) == "teams answered 'ServiceError'"


async def test_the_draft_is_never_sent(
    platform: TeamsPlatform, channel: Channel
) -> None:
    view = TurnView(headline="Working", mood="running", text="Hello")
    payload = platform.render(view)
    assert DRAFT in payload.body
    posted = await platform.post(chat(channel), payload, surface=SURFACE)
    await platform.edit(posted, payload)
    assert [DRAFT in call.body for call in channel.calls] == [False, False]
    assert channel.calls[0].body == render(view).body


async def test_typing_is_an_activity_of_its_own(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies += [reply(202, {}), refuse(429, "Throttled", retry_after="4")]
    await platform.typing.say(chat(channel), "starting")
    [call] = channel.calls
    assert call.body == {"type": "typing"}
    with pytest.raises(RateLimitedError):
        await platform.typing.say(chat(channel), "starting")


async def test_typing_is_said_after_a_moment_and_again_before_it_fades(
    platform: TeamsPlatform, channel: Channel
) -> None:
    to, typing = chat(channel), platform.typing
    since = platform.clock.monotonic()
    assert typing.due_at(to, "starting", since=since) == since + limits.TYPING_AFTER
    channel.replies += [reply(202, {}), refuse(403, "Forbidden")]
    await typing.say(to, "starting")
    again = typing.due_at(to, "starting", since=since)
    assert again >= since + limits.TYPING_EVERY
    assert typing.due_at(to, "working", since=since) == inf, "its message says more"
    await typing.say(to, "starting")  # that it cannot be said is nobody's problem


async def test_a_post_without_an_id_cannot_be_told_from_none(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(reply(202, {}))
    with pytest.raises(AmbiguousSendError, match="NoActivityId"):
        await post(platform, channel)


async def test_one_conversation_gets_one_call_at_a_time(
    platform: TeamsPlatform, channel: Channel
) -> None:
    gate = Gate()
    channel.replies.append(gate)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(post(platform, channel))
        await gate.reached.wait()
        second = group.create_task(platform.edit(receipt(channel), PAYLOAD))
        elsewhere = chat(channel, "a:chat-2")
        await platform.post(elsewhere, PAYLOAD, surface=SURFACE)
        assert [call.method for call in channel.calls] == ["POST", "POST"]
        assert not second.done()
        gate.released.set()
    assert first.result().message_id == "late"
    assert [call.method for call in channel.calls] == ["POST", "POST", "PUT"]


# ------------------------------------------------------------------------ tokens


async def test_the_token_is_asked_for_once_and_replaced_in_time(
    platform: TeamsPlatform, channel: Channel, clock: ManualClock
) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            where = chat(channel, f"a:chat-{number}")
            group.create_task(platform.post(where, PAYLOAD, surface=SURFACE))
    assert channel.token_forms == [
        {
            "tenant": TENANT,
            "grant_type": "client_credentials",
            "client_id": APP_ID,
            "client_secret": SECRET,
            "scope": "https://api.botframework.com/.default",
        }
    ]
    assert {call.authorization for call in channel.calls} == {"Bearer token-1"}
    clock.elapsed = 3600 - 301
    await post(platform, channel)
    assert len(channel.token_forms) == 1
    clock.elapsed = 3600 - 299
    await post(platform, channel)
    assert channel.calls[-1].authorization == "Bearer token-2"


async def test_a_refused_token_is_replaced_once(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(refuse(401, "Unauthorized"))
    await post(platform, channel)
    sent = [call.authorization for call in channel.calls]
    assert sent == ["Bearer token-1", "Bearer token-2"]
    channel.replies += [refuse(401, "BotNotRegistered")] * 2
    with pytest.raises(PlatformError, match="BotNotRegistered"):
        await post(platform, channel)
    assert len(channel.calls) == 4


async def test_a_login_service_that_is_away_is_not_asked_all_the_time(
    platform: TeamsPlatform, channel: Channel, clock: ManualClock
) -> None:
    channel.token_replies.append(reply(503, html="away"))
    for _ in range(3):
        with pytest.raises(RateLimitedError):
            await post(platform, channel)
    assert len(channel.token_forms) == 1
    assert channel.calls == []
    clock.elapsed = limits.TOKEN_RETRY_AFTER
    await post(platform, channel)


async def test_an_old_token_is_used_while_no_new_one_can_be_had(
    platform: TeamsPlatform, channel: Channel, clock: ManualClock
) -> None:
    await post(platform, channel)
    channel.token_replies += [reply(500), hang_up]
    clock.elapsed = 3600 - 200
    await post(platform, channel)
    await post(platform, channel)
    assert {call.authorization for call in channel.calls} == {"Bearer token-1"}
    assert len(channel.token_forms) == 2


async def test_a_wrong_secret_is_said_with_the_login_services_code(
    platform: TeamsPlatform, channel: Channel
) -> None:
    refusal = {"error": "invalid_client", "error_description": "AADSTS7000215"}
    channel.token_replies.append(reply(401, refusal))
    with pytest.raises(AccessRefusedError) as caught:
        await post(platform, channel)
    assert caught.value.code == "invalid_client"
    assert SECRET not in str(caught.value)


# ------------------------------------------------------------------------ people


async def test_a_known_chat_needs_no_call(
    platform: TeamsPlatform, channel: Channel
) -> None:
    known = chat(channel)
    assert await platform.open_direct(USER, known) == known
    assert channel.calls == []


async def test_a_chat_is_opened_by_the_directorys_id(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(reply(201, {"id": "a:new"}))
    group = chat(channel, "19:group").model_copy(update={"personal": False})
    opened = await platform.open_direct(USER, group)
    assert opened.channel == "a:new"
    assert opened.personal
    [call] = channel.calls
    assert call.path == "/teams/v3/conversations"
    assert call.body == {
        "isGroup": False,
        "bot": {"id": f"28:{APP_ID}"},
        "members": [{"id": ANN}],
        "tenantId": TENANT,
        "channelData": {"tenant": {"id": TENANT}},
    }


async def test_who_has_not_installed_the_bot_cannot_be_reached(
    platform: TeamsPlatform, channel: Channel
) -> None:
    channel.replies.append(refuse(403, "ForbiddenOperationException"))
    with pytest.raises(PlatformError, match="ForbiddenOperationException"):
        await platform.open_direct(USER, None)


async def test_a_members_name_and_email_are_remembered_for_an_hour(
    platform: TeamsPlatform, channel: Channel, clock: ManualClock
) -> None:
    member = {"id": "29:ann", "name": "Ann Lee", "email": "ann@x.example"}
    channel.replies += [reply(200, member), reply(200, member | {"name": "Ann Roe"})]
    found = await platform.find_user(USER, chat(channel))
    assert (found.name, found.email) == ("Ann Lee", "ann@x.example")
    assert await platform.find_user(USER, chat(channel)) == found
    [call] = channel.calls
    assert call.path == f"/teams/v3/conversations/a%3Achat-1/members/{ANN}"
    clock.elapsed = 3601
    assert (await platform.find_user(USER, chat(channel))).name == "Ann Roe"


@pytest.mark.parametrize(
    "foreign",
    [{"tenantId": "00000000-0000-4000-8000-00000000ev11"}, {"userRole": "guest"}],
    ids=["another tenant", "guest"],
)
async def test_the_email_of_an_outsider_is_no_proof_of_who_they_are(
    platform: TeamsPlatform, channel: Channel, foreign: dict[str, str]
) -> None:
    """Their own administrator, not ours, says what it is."""
    member = {"id": "29:eve", "name": "Eve", "email": "ann@x.example"}
    names = {"userPrincipalName": "ann@x.example", "tenantId": TENANT}
    channel.replies.append(reply(200, member | names | foreign))
    found = await platform.find_user(USER, chat(channel))
    assert (found.name, found.email) == ("Eve", "")


async def test_a_member_who_cannot_be_looked_up_stays_as_known(
    platform: TeamsPlatform, channel: Channel
) -> None:
    named = USER.model_copy(update={"name": "Ann"})
    channel.replies += [refuse(404, "MemberNotFoundInConversation"), hang_up]
    # aiohttp repeats a GET on a kept connection that turns out to be closed.
    channel.replies.append(hang_up)
    assert await platform.find_user(named, chat(channel)) == named
    assert await platform.find_user(named, chat(channel)) == named
    assert await platform.find_user(named, None) == named


async def test_teams_cannot_be_asked_for_a_post(
    platform: TeamsPlatform, channel: Channel
) -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    found = await platform.find_post(chat(channel), surface=SURFACE, since=since)
    assert found is None
    assert channel.calls == []


async def test_an_endless_answer_is_not_read_to_its_end(
    platform: TeamsPlatform, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_BYTES", 10)
    channel.replies.append(reply(403, {"error": {"code": "TooLongToBeRead"}}))
    # The token's answer is over ten bytes, too: that comes first.
    with pytest.raises(PlatformError, match="'200'"):
        await post(platform, channel)
    async with http.new_session() as session, session.get(channel.url + "/keys") as r:
        assert isinstance(r, aiohttp.ClientResponse)
        assert await http.read_json(r) == {}
