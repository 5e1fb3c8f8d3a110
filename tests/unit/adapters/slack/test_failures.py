"""Slack's failure table, row by row, over the wire against the stand-in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import pytest

from adapters.simulator.slack.faults import (
    ConnectionReset,
    Fault,
    NoAnswer,
    RateLimited,
    Refusal,
    ServerError,
)
from adapters.slack import limits
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    ContentRefusedError,
    MessageGoneError,
    MessageLockedError,
    PermissionMissingError,
    PlaceClosedError,
    PlatformError,
    QuotaSpentError,
    RateLimitedError,
    StillStreamingError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import Receipt
from bot.protocol.ids import SurfaceId
from bot.view.nodes import TurnView
from tests.support.slack_wire import Wire, wired

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
HELLO = TurnView(headline="Working", mood="running", text="Hello\n")
MORE = TurnView(headline="Working", mood="running", text="Hello\nthere\n")

POST, EDIT = "chat.postMessage", "chat.update"
OPEN, APPEND, CLOSE = "chat.startStream", "chat.appendStream", "chat.stopStream"
STREAMS = (OPEN, APPEND, CLOSE)
ALL = (POST, EDIT, *STREAMS)

Act: TypeAlias = Callable[[], Awaitable[Receipt]]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as opened:
        yield opened


async def ready(wire: Wire, method: str) -> Act:
    """Prepare everything up to the one call of ``method``; return what makes it."""
    platform, to = wire.platform, await wire.thread()
    hello, more = platform.render(HELLO), platform.render(MORE)
    if method == POST:
        return lambda: platform.post(to, hello, surface=SURFACE)
    if method == OPEN:
        return lambda: platform.streams.open(to, hello, surface=SURFACE)
    if method == EDIT:
        posted = await platform.post(to, hello, surface=SURFACE)
        return lambda: platform.edit(posted, more)
    streams = platform.streams
    open_ = await streams.open(to, hello, surface=SURFACE)
    if method == APPEND:
        return lambda: streams.append(open_, more, shown=hello)
    return lambda: streams.close(open_, more, shown=hello)


async def raised(wire: Wire, method: str, *faults: Fault) -> PlatformError:
    """Return what the call of ``method`` raises when it fails like this."""
    act = await ready(wire, method)
    for fault in faults:
        wire.world.fail_next(method, fault)
    with pytest.raises(PlatformError) as caught:
        await act()
    return caught.value


# ------------------------------------------------------------------------- throttles


@pytest.mark.parametrize("method", ALL)
async def test_a_429_says_how_long_to_wait(wire: Wire, method: str):
    error = await raised(wire, method, RateLimited(retry_after=12))
    assert type(error) is RateLimitedError
    assert error.retry_after == 12


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    ("code", "kind", "wait"),
    [
        ("ratelimited", RateLimitedError, limits.RETRY_AFTER),
        ("rate_limited", RateLimitedError, limits.POSTING_PAUSE),
        ("message_limit_exceeded", QuotaSpentError, limits.QUOTA_PAUSE),
    ],
)
async def test_a_throttle_in_the_body_is_one_too(
    wire: Wire, method: str, code: str, kind: type[RateLimitedError], wait: float
):
    error = await raised(wire, method, Refusal(code))
    assert isinstance(error, RateLimitedError)
    assert type(error) is kind
    assert error.retry_after == wait


# ------------------------------------------------------------------------- ambiguous


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    "fault",
    [
        ServerError(applied=True),
        ServerError(applied=False, status=502),
        ServerError(applied=True, status=200),
        ConnectionReset(applied=True),
        ConnectionReset(applied=False),
        Refusal("internal_error"),
        Refusal("fatal_error"),
        Refusal("request_timeout"),
        Refusal("service_unavailable"),
    ],
)
async def test_what_may_have_happened_is_ambiguous_and_tried_once(
    wire: Wire, method: str, fault: Fault
):
    error = await raised(wire, method, fault)
    assert type(error) is AmbiguousSendError
    assert len(wire.calls(method)) == 1


@pytest.mark.parametrize("method", ALL)
async def test_an_answer_that_never_comes_is_ambiguous_though_it_happened(method: str):
    async with wired(patience=0.6) as wire:
        assert type(await raised(wire, method, NoAnswer())) is AmbiguousSendError
        assert len(wire.calls(method)) == 1


@pytest.mark.parametrize("method", [POST, OPEN])
async def test_an_unknown_refusal_of_a_new_message_is_ambiguous(
    wire: Wire, method: str
):
    assert type(await raised(wire, method, Refusal("gremlins"))) is AmbiguousSendError


@pytest.mark.parametrize("method", [EDIT, APPEND, CLOSE])
async def test_an_unknown_refusal_of_a_change_is_for_good(wire: Wire, method: str):
    assert type(await raised(wire, method, Refusal("gremlins"))) is PlatformError


# -------------------------------------------------------------------------- for good

FOR_GOOD = {
    PlaceClosedError: (
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "external_channel_migrating",
        "ekm_access_denied",
        "thread_not_found",
    ),
    AccessRefusedError: (
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
    ),
    PermissionMissingError: (
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "team_access_not_granted",
    ),
}


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    ("code", "kind"),
    [(code, kind) for kind, codes in FOR_GOOD.items() for code in codes],
)
async def test_a_refusal_says_what_is_closed(
    wire: Wire, method: str, code: str, kind: type[PlatformError]
):
    error = await raised(wire, method, Refusal(code))
    assert type(error) is kind
    assert error.code == code
    assert not error.retryable


async def test_a_missing_scope_is_named(wire: Wire):
    more = {"needed": "chat:write", "provided": "im:read"}
    error = await raised(wire, POST, Refusal("missing_scope", more=more))
    assert "needed chat:write" in str(error)
    assert "provided im:read" in str(error)


@pytest.mark.parametrize("method", [EDIT, APPEND, CLOSE])
async def test_a_deleted_message_is_gone(wire: Wire, method: str):
    act = await ready(wire, method)
    [message] = [
        m for m in wire.world.messages(wire.world.help_channel.id) if m["bot_id"]
    ]
    wire.world.mishaps.delete(message["channel"], message["ts"])
    with pytest.raises(MessageGoneError) as caught:
        await act()
    assert type(caught.value) is MessageGoneError


@pytest.mark.parametrize(
    "code",
    ["cant_update_message", "edit_window_closed", "is_inactive", "block_mismatch"],
)
async def test_a_message_that_cannot_be_edited_still_stands(wire: Wire, code: str):
    assert type(await raised(wire, EDIT, Refusal(code))) is MessageLockedError


async def test_an_edit_window_closes(wire: Wire):
    act = await ready(wire, EDIT)
    wire.world.mishaps.allow_edits_for(60)
    await act()
    wire.clock.advance(61)
    with pytest.raises(MessageLockedError):
        await act()


@pytest.mark.parametrize("method", ALL)
async def test_what_people_do_to_the_place_is_noticed(wire: Wire, method: str):
    act = await ready(wire, method)
    channel, mishaps = wire.world.help_channel.id, wire.world.mishaps
    mishaps.archive(channel)
    with pytest.raises(PlaceClosedError):
        await act()
    mishaps.archive(channel, archived=False)
    mishaps.remove_bot(channel)
    with pytest.raises(PlaceClosedError):
        await act()
    mishaps.invite_bot(channel)
    mishaps.revoke_token()
    with pytest.raises(AccessRefusedError):
        await act()


# -------------------------------------------------------------------------- content


@pytest.mark.parametrize("method", [POST, EDIT])
@pytest.mark.parametrize(
    "code",
    [
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "msg_too_long",
        "no_text",
        "markdown_text_conflict",
    ],
)
async def test_refused_blocks_are_sent_once_more_as_plain_words(
    wire: Wire, method: str, code: str
):
    act = await ready(wire, method)
    wire.world.fail_next(method, Refusal(code, messages=("bad [json-pointer:/x]",)))
    receipt = await act()
    [message] = wire.shown(receipt.address)
    assert [block["type"] for block in message["blocks"]] == ["section"]
    assert "Hello" in str(message["blocks"])
    assert len(wire.calls(method)) == 2


@pytest.mark.parametrize("method", [POST, EDIT])
async def test_words_that_are_refused_too_are_not_tried_again(wire: Wire, method: str):
    error = await raised(wire, method, *[Refusal("invalid_blocks")] * 3)
    assert type(error) is ContentRefusedError
    assert len(wire.calls(method)) == 2


@pytest.mark.parametrize(
    "code",
    ["metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema"],
)
async def test_a_post_is_shown_unmarked_rather_than_not(wire: Wire, code: str):
    act = await ready(wire, POST)
    wire.world.fail_next(POST, Refusal(code))
    receipt = await act()
    [message] = wire.shown(receipt.address)
    assert message["metadata"] is None


# -------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    "code",
    [
        "missing_recipient_user_id",
        "missing_recipient_team_id",
        "invalid_arguments",
        "channel_type_not_supported",
        "invalid_thread_ts",
        "messages_tab_disabled",
        "messaging_processing_failed",
        "streaming_mode_mismatch",
        "cannot_provide_both_markdown_text_and_chunks",
        "invalid_chunks",
    ],
)
async def test_where_streams_are_refused_they_are_not_tried_again(
    wire: Wire, code: str
):
    to = await wire.thread()
    payload = wire.platform.render(HELLO)
    assert wire.platform.streams.suits(to, payload)
    wire.world.fail_next(OPEN, Refusal(code))
    with pytest.raises(StreamRefusedError):
        await wire.platform.streams.open(to, payload, surface=SURFACE)
    assert not wire.platform.streams.suits(to, payload)
    assert not wire.shown(to)
    elsewhere = await wire.thread(personal=True)
    assert wire.platform.streams.suits(elsewhere, payload)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("message_not_in_streaming_state", StreamOverError),
        ("stopped_by_user", StoppedByPersonError),
        ("message_not_owned_by_app", MessageGoneError),
        ("streaming_mode_mismatch", ContentRefusedError),
        ("cannot_provide_both_markdown_text_and_chunks", ContentRefusedError),
        ("invalid_chunks", ContentRefusedError),
        ("msg_too_long", ContentRefusedError),
    ],
)
async def test_an_append_says_what_became_of_the_stream(
    wire: Wire, code: str, kind: type[PlatformError]
):
    assert type(await raised(wire, APPEND, Refusal(code))) is kind


async def test_an_edit_of_a_message_that_streams_closes_the_stream_first(wire: Wire):
    to = await wire.thread()
    hello, more = wire.platform.render(HELLO), wire.platform.render(MORE)
    receipt = await wire.platform.streams.open(to, hello, surface=SURFACE)
    assert receipt.stream
    edited = await wire.platform.edit(receipt, more)
    assert edited.stream is None
    [message] = wire.shown(to)
    assert "there" in str(message["blocks"])
    assert message["stream"] is None


async def test_an_edit_is_tried_twice_at_most_while_a_message_streams(wire: Wire):
    conflict = Refusal("streaming_state_conflict")
    error = await raised(wire, EDIT, *[conflict] * 3)
    assert type(error) is StillStreamingError
    assert error.retryable
    assert len(wire.calls(EDIT)) == 2
