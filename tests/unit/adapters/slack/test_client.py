"""The platform against a Web API on a real socket."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.slack import limits
from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.history import EVENT_TYPE
from bot.errors import (
    AmbiguousSendError,
    ConfigError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address, UserRef
from tests.support.slack import (
    NOW,
    TOKEN,
    Answer,
    FakeApi,
    FixedClock,
    platform_for,
    raw,
    refuses,
    resets,
    says,
)

SURFACE = SurfaceId("surface-1")
THREAD = Address(
    platform="slack", workspace="T1", channel="C1", thread="1700000000.000100"
)
DIRECT = Address(
    platform="slack", workspace="T1", channel="D7", user="U7", personal=True
)
PAYLOAD = Payload(
    body={
        "text": "Working",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "Working"}},
            {"type": "markdown", "text": "**so far**"},
        ],
    },
    digest="d1",
)
SHOWN = Receipt(message_id="1700000100.000200", address=THREAD)
DANA = UserRef(platform="slack", workspace="T1", user_id="U9")


def marked(surface: str, **more: object) -> dict[str, Any]:
    payload = {"surface": surface}
    return {
        "ts": "1700000200.000300",
        "user": "UBOT",
        "bot_id": "BBOT",
        "metadata": {"event_type": EVENT_TYPE, "event_payload": payload},
        **more,
    }


# ---------------------------------------------------------------------------- start


async def test_start_asks_once_who_the_bot_is(api: FakeApi):
    async with platform_for(api) as platform:
        await platform.start()
        assert platform.identity
        assert platform.workspace == platform.identity.team_id == "T1"
        # Engines wait so long before they post again what they cannot find.
        assert platform.history_lag
        assert platform.history_lag >= 10
    assert len(api.called("auth.test")) == 1
    assert platform.identity is None
    assert not platform.workspace


async def test_a_token_that_slack_refuses_stops_the_start(api: FakeApi):
    api.next("auth.test", refuses("invalid_auth"))
    with pytest.raises(PlatformError, match="invalid_auth"):
        await platform_for(api).start()


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_is_refused_for_it_would_accept_forgeries(secret: str):
    with pytest.raises(ConfigError, match="signing_secret is empty"):
        SlackConfig(secret, TOKEN)


def test_secrets_are_not_shown():
    shown = repr(SlackConfig("hush-1", "hush-2"))
    assert "hush" not in shown


async def test_a_local_api_is_not_called_through_a_proxy(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with platform_for(api) as platform:
        assert platform.identity


# ----------------------------------------------------------------------------- post


async def test_a_post_is_marked_quiet_about_links_and_in_its_thread(
    platform: SlackPlatform, api: FakeApi
):
    receipt = await platform.post(THREAD, PAYLOAD, surface=SURFACE)
    assert receipt == Receipt(message_id="1700000100.000200", address=THREAD)
    assert api.calls[0].authorization == f"Bearer {TOKEN}"
    assert api.called("chat.postMessage") == [
        {
            "channel": "C1",
            "thread_ts": THREAD.thread,
            **PAYLOAD.body,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {
                "event_type": "deskhand_surface",
                "event_payload": {"surface": "surface-1"},
            },
        }
    ]


async def test_a_post_to_a_person_says_where_it_really_is(
    platform: SlackPlatform, api: FakeApi
):
    api.next("chat.postMessage", says({"ok": True, "channel": "D8", "ts": "1.2"}))
    receipt = await platform.post(DIRECT, PAYLOAD, surface=SURFACE)
    assert receipt.address == DIRECT.model_copy(update={"channel": "D8"})
    assert "thread_ts" not in api.called("chat.postMessage")[0]


async def test_an_edit_sends_blocks_and_text_and_keeps_the_mark(
    platform: SlackPlatform, api: FakeApi
):
    assert await platform.edit(SHOWN, PAYLOAD) == SHOWN
    sent = {"channel": "C1", "ts": SHOWN.message_id, **PAYLOAD.body}
    assert api.called("chat.update") == [sent]


# ------------------------------------------------------------------------- failures

Send = Callable[[SlackPlatform], Any]
SENDS: dict[str, Send] = {
    "chat.postMessage": lambda p: p.post(THREAD, PAYLOAD, surface=SURFACE),
    "chat.update": lambda p: p.edit(SHOWN, PAYLOAD),
}


@pytest.mark.parametrize("method", SENDS)
@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (
            says(
                {"ok": False, "error": "ratelimited"},
                status=429,
                headers={"Retry-After": "12"},
            ),
            12.0,
        ),
        (refuses("ratelimited", status=429), limits.RETRY_AFTER),
        (raw("slow down", status=429), limits.RETRY_AFTER),
        (refuses("ratelimited"), limits.RETRY_AFTER),
        (refuses("rate_limited"), limits.POSTING_PAUSE),
        (
            says(
                {"ok": False, "error": "ratelimited"},
                status=429,
                headers={"Retry-After": "soon"},
            ),
            limits.RETRY_AFTER,
        ),
    ],
)
async def test_too_many_calls_say_how_long_to_wait(
    platform: SlackPlatform, api: FakeApi, method: str, answer: Answer, wait: float
):
    api.next(method, answer)
    with pytest.raises(RateLimitedError) as caught:
        await SENDS[method](platform)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("method", SENDS)
@pytest.mark.parametrize(
    "answer",
    [
        raw("<html>Bad Gateway</html>", status=502),
        raw("<html>Welcome</html>", status=200),
        raw("oops", status=500, kind="text/plain"),
        raw("oops", status=200, kind="text/plain"),
        raw("{not json", status=200, kind="application/json"),
        raw("{not json", status=500, kind="application/json"),
        says(["ok"]),
        refuses("internal_error"),
        refuses("fatal_error"),
        refuses("service_unavailable", status=503),
        resets,
    ],
)
async def test_what_may_have_happened_is_ambiguous_and_sent_once(
    platform: SlackPlatform, api: FakeApi, method: str, answer: Answer
):
    api.next(method, answer)
    with pytest.raises(AmbiguousSendError):
        await SENDS[method](platform)
    assert len(api.called(method)) == 1


async def test_a_call_that_is_not_answered_in_time_is_ambiguous(api: FakeApi):
    api.next("chat.postMessage", api.hang)
    async with platform_for(api, timeout=0.1) as platform:
        with pytest.raises(AmbiguousSendError):
            await platform.post(THREAD, PAYLOAD, surface=SURFACE)


async def test_a_post_without_a_timestamp_is_ambiguous(
    platform: SlackPlatform, api: FakeApi
):
    api.next("chat.postMessage", says({"ok": True}))
    with pytest.raises(AmbiguousSendError):
        await platform.post(THREAD, PAYLOAD, surface=SURFACE)


@pytest.mark.parametrize(
    "code",
    ["message_not_found", "edit_window_closed", "cant_update_message", "is_inactive"],
)
async def test_a_message_that_cannot_be_edited_is_gone(
    platform: SlackPlatform, api: FakeApi, code: str
):
    api.next("chat.update", refuses(code))
    with pytest.raises(MessageGoneError):
        await platform.edit(SHOWN, PAYLOAD)


async def test_a_missing_scope_is_named(platform: SlackPlatform, api: FakeApi):
    answer = refuses("missing_scope", needed="chat:write", provided=f"im:read {TOKEN}")
    api.next("chat.postMessage", answer)
    with pytest.raises(PlatformError, match="needed chat:write") as caught:
        await platform.post(THREAD, PAYLOAD, surface=SURFACE)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("method", SENDS)
async def test_words_are_shown_when_slack_refuses_the_blocks(
    platform: SlackPlatform, api: FakeApi, method: str
):
    api.next(method, refuses("invalid_blocks"))
    await SENDS[method](platform)
    _, second = api.called(method)
    assert [block["type"] for block in second["blocks"]] == ["section"]
    assert "so far" in second["blocks"][0]["text"]["text"]


async def test_words_that_are_refused_too_are_an_error(
    platform: SlackPlatform, api: FakeApi
):
    api.next("chat.update", refuses("invalid_blocks"), refuses("invalid_blocks"))
    with pytest.raises(PlatformError, match="invalid_blocks"):
        await platform.edit(SHOWN, PAYLOAD)


# ----------------------------------------------------------------------------- find


@pytest.mark.parametrize(
    ("where", "method"),
    [(THREAD, "conversations.replies"), (DIRECT, "conversations.history")],
)
async def test_a_lost_post_is_found_by_its_mark_on_a_later_page(
    platform: SlackPlatform, api: FakeApi, where: Address, method: str
):
    first = {
        "ok": True,
        "messages": [{"ts": "1.1", "user": "U7"}, marked("other")],
        "response_metadata": {"next_cursor": "page2"},
    }
    api.next(method, says(first), says({"ok": True, "messages": [marked("surface-1")]}))
    found = await platform.find_post(where, surface=SURFACE, since=NOW)
    assert found == Receipt(message_id="1700000200.000300", address=where)
    asked, again = api.called(method)
    assert asked["include_all_metadata"] == "1"
    assert float(asked["oldest"]) <= (NOW - timedelta(seconds=5)).timestamp()
    assert again["cursor"] == "page2"


async def test_a_mark_that_somebody_else_copied_is_not_ours(
    platform: SlackPlatform, api: FakeApi
):
    copied = marked("surface-1", user="U66", bot_id="B66")
    api.next("conversations.replies", says({"ok": True, "messages": [copied]}))
    assert not await platform.find_post(THREAD, surface=SURFACE, since=NOW)


async def test_a_post_that_is_not_there_is_not_found(
    platform: SlackPlatform, api: FakeApi
):
    api.next("conversations.replies", says({"ok": True, "messages": []}))
    assert not await platform.find_post(THREAD, surface=SURFACE, since=NOW)
    api.next("conversations.replies", refuses("thread_not_found"))
    assert not await platform.find_post(THREAD, surface=SURFACE, since=NOW)


async def test_a_look_that_fails_is_not_taken_for_absence(
    platform: SlackPlatform, api: FakeApi
):
    api.next("conversations.replies", refuses("internal_error"))
    with pytest.raises(AmbiguousSendError):
        await platform.find_post(THREAD, surface=SURFACE, since=NOW)


# --------------------------------------------------------------------------- people


async def test_a_person_never_met_gets_a_direct_channel_opened_once(
    platform: SlackPlatform, api: FakeApi
):
    opened = await platform.open_direct(DANA, None)
    assert await platform.open_direct(DANA, None) == opened
    assert (opened.channel, opened.thread, opened.user) == ("D7", "", "U9")
    assert opened.personal
    assert api.called("conversations.open") == [{"users": "U9"}]


async def test_a_person_met_in_a_thread_is_reached_outside_of_it(
    platform: SlackPlatform, api: FakeApi
):
    known = DIRECT.model_copy(update={"user": "U9", "thread": "1.2", "channel": "D5"})
    opened = await platform.open_direct(DANA, known)
    assert (opened.channel, opened.thread) == ("D5", "")
    assert not api.calls


async def test_a_public_channel_is_no_way_to_reach_a_person_alone(
    platform: SlackPlatform,
):
    opened = await platform.open_direct(DANA, THREAD)
    assert opened.channel == "D7"


PROFILE = {"real_name": "Dana Ray", "email": "dana@example.com"}


def told(**more: object) -> Answer:
    return says({"ok": True, "user": {"team_id": "T1", "profile": PROFILE, **more}})


async def test_a_person_is_asked_for_once_an_hour(api: FakeApi):
    async with platform_for(api) as platform:
        clock = platform.clock
        assert isinstance(clock, FixedClock)
        api.next("users.info", told(), told(profile=PROFILE | {"real_name": "D. Ray"}))
        first = await platform.find_user(DANA, None)
        assert (first.name, first.email) == ("Dana Ray", "dana@example.com")
        clock.seconds = limits.USER_CACHE - 1
        assert await platform.find_user(DANA, None) == first
        clock.seconds = limits.USER_CACHE + 1
        assert (await platform.find_user(DANA, None)).name == "D. Ray"
        # Slack is away now: what was known is better than nothing.
        clock.seconds *= 3
        api.next("users.info", refuses("internal_error"))
        assert (await platform.find_user(DANA, None)).name == "D. Ray"


@pytest.mark.parametrize("more", [{"team_id": "T2"}, {"is_email_confirmed": False}])
async def test_an_address_that_slack_does_not_vouch_for_is_left_out(
    platform: SlackPlatform, api: FakeApi, more: dict[str, Any]
):
    api.next("users.info", told(**more))
    found = await platform.find_user(DANA, None)
    assert (found.name, found.email) == ("Dana Ray", "")


async def test_a_person_unknown_to_slack_stays_as_they_are(
    platform: SlackPlatform, api: FakeApi
):
    api.next("users.info", refuses("user_not_found"))
    assert await platform.find_user(DANA, None) == DANA


async def test_a_person_is_not_made_a_stranger_by_a_throttle(
    platform: SlackPlatform, api: FakeApi
):
    api.next("users.info", refuses("ratelimited", status=429))
    with pytest.raises(RateLimitedError):
        await platform.find_user(DANA, None)


# ---------------------------------------------------------------------------- lanes


def test_edits_share_one_budget_per_workspace(platform: SlackPlatform):
    (here,) = platform.lanes("edit", THREAD)
    (there,) = platform.lanes("edit", DIRECT)
    assert here == there
    assert here.key == "slack/T1/chat.update"
    # Slack's tier 3: 50 a minute, however the burst falls.
    assert limits.UPDATE_PER_MINUTE <= 50 - 1  # in any minute, the burst included


def test_posts_draw_from_the_workspace_and_the_channel(platform: SlackPlatform):
    workspace, channel = platform.lanes("post", THREAD)
    assert workspace in platform.lanes("post", DIRECT)
    assert channel not in platform.lanes("post", DIRECT)
    assert [w.count / w.seconds for w in channel.windows] == [1.0]


def test_whatever_adds_to_messages_draws_on_one_quota(platform: SlackPlatform):
    streams = platform.streams
    ways = [
        *(platform.lanes(operation, THREAD) for operation in ("post", "edit")),
        *(streams.lanes(operation, DIRECT) for operation in ("open", "append")),
        streams.lanes("close", DIRECT),
    ]
    assert all({lane.quota for lane in way} >= {"slack/T1"} for way in ways)
