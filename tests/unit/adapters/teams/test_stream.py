"""Streams, answer by answer: what each refusal means."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from adapters.teams import limits
from adapters.teams.client import TeamsPlatform
from adapters.teams.draft import activity_of
from bot.errors import (
    AmbiguousSendError,
    ContentRefusedError,
    MessageLockedError,
    PlaceClosedError,
    PlatformError,
    RateLimitedError,
    StillStreamingError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import OpenStream, Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import Step, TurnView
from tests.support.teams_channel import (
    NOON,
    TENANT,
    Channel,
    ManualClock,
    Reply,
    hang_up,
    refuse,
    reply,
)

SURFACE = SurfaceId("s-1")
VIEW = TurnView(headline="Working", mood="running")
BUSY = replace(VIEW, steps=(Step(id="1", title="Looking", status="running"),))
FIRST, SECOND, THIRD = (
    replace(BUSY, text=text) for text in ("A brown", "A brown fox", "A brown fox runs")
)
DONE = replace(THIRD, mood="done", headline="Done")
STARTED = reply(201, {"id": "m-1"})
TAKEN = reply(202, {})


def stream_refusal(message: str) -> Reply:
    error = {"code": "ContentStreamNotAllowed", "message": message}
    return reply(403, {"error": error})


TIMED_OUT = stream_refusal("Content stream finished due to exceeded streaming time.")
COMPLETED = stream_refusal(
    "Content stream is not allowed on an already completed streamed message"
)
CANCELED = stream_refusal("Content stream was canceled by user")
CANCELLED = stream_refusal("Content stream was cancelled by user.")
SWITCHED_OFF = stream_refusal("Content stream is not allowed")
CHANGED = stream_refusal(
    "Request streamed content should contain the previously streamed content"
)
TOO_BIG = stream_refusal("Message size too large")
OUT_OF_ORDER = reply(
    202, {"error": {"code": "ContentStreamSequenceOrderPreConditionFailed"}}
)
QUOTA = reply(429, {"error": {"message": "API calls quota exceeded"}})
PAGE = reply(502, html="<html>Bad gateway</html>")


@pytest.fixture
def to(channel: Channel) -> Address:
    return Address(
        platform="teams",
        workspace=TENANT,
        channel="a:chat-1",
        user="29:ann",
        service_url=channel.service_url,
        personal=True,
    )


async def begun(
    platform: TeamsPlatform, channel: Channel, to: Address, view: TurnView = FIRST
) -> Receipt:
    """Open a stream that shows ``view``."""
    channel.replies.append(STARTED)
    return await platform.streams.open(to, platform.render(view), surface=SURFACE)


async def grow(
    platform: TeamsPlatform, receipt: Receipt, view: TurnView, shown: TurnView
) -> Receipt:
    render = platform.render
    return await platform.streams.append(receipt, render(view), shown=render(shown))


def info(body: dict[str, Any]) -> dict[str, Any]:
    [found] = [e for e in body["entities"] if e["type"] == "streaminfo"]
    return found


async def test_a_stream_is_numbered_cumulative_and_ends_without_a_number(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to, BUSY)
    until = NOON + timedelta(seconds=limits.STREAM_OPEN)
    expected = Receipt(message_id="m-1", address=to, stream=OpenStream(until=until))
    assert receipt == expected
    channel.replies += [TAKEN, TAKEN, TAKEN]
    assert await grow(platform, receipt, FIRST, BUSY) == expected
    await grow(platform, receipt, SECOND, FIRST)
    render = platform.render
    closed = await platform.streams.close(receipt, render(DONE), shown=render(SECOND))
    assert closed == Receipt(message_id="m-1", address=to)
    *parts, edit = channel.calls
    assert (edit.method, edit.path.rsplit("/", 1)[1]) == ("PUT", "m-1")
    assert edit.body == activity_of(render(DONE)) | {"id": "m-1"}
    bodies = [call.body for call in parts]
    assert {(c.method, c.path.rsplit("/", 1)[1]) for c in parts} == {
        ("POST", "activities")
    }
    assert [(b["type"], b["text"]) for b in bodies] == [
        ("typing", "Working · Looking"),
        ("typing", "A brown"),
        ("typing", "A brown fox"),
        ("message", "A brown fox runs"),
    ]
    start = {"type": "streaminfo", "streamType": "informative", "streamSequence": 1}
    assert info(bodies[0]) == start
    steady = {"type": "streaminfo", "streamType": "streaming", "streamId": "m-1"}
    assert info(bodies[1]) == steady | {"streamSequence": 2}
    assert info(bodies[2]) == steady | {"streamSequence": 3}
    assert info(bodies[3]) == steady | {"streamType": "final"}


async def test_what_a_model_wrote_is_labelled_at_the_end_and_only_there(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(TAKEN)
    await platform.streams.close(receipt, None, shown=platform.render(FIRST))
    first, last = (str(call.body["entities"]) for call in channel.calls)
    assert "AIGeneratedContent" not in first
    assert "AIGeneratedContent" in last
    assert all("attachments" not in call.body for call in channel.calls)


async def test_it_suits_chats_of_two_and_what_text_can_say(
    platform: TeamsPlatform, to: Address
) -> None:
    streams, render = platform.streams, platform.render
    group = to.model_copy(update={"personal": False})
    assert streams.suits(to, render(FIRST))
    assert not streams.suits(group, render(FIRST))
    assert not streams.suits(to, render(DONE))
    assert not streams.suits(to, Payload({"type": "message"}, "digest"))
    assert streams.extends(render(FIRST), render(SECOND))
    assert not streams.extends(render(SECOND), render(FIRST))
    assert streams.extends(render(FIRST), render(DONE))
    assert not streams.extends(Payload({}, ""), render(FIRST))


async def test_what_does_not_suit_is_refused_without_asking(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    group = to.model_copy(update={"personal": False})
    for place, view in ((group, FIRST), (to, DONE)):
        with pytest.raises(StreamRefusedError):
            await platform.streams.open(place, platform.render(view), surface=SURFACE)
    assert channel.calls == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SWITCHED_OFF, StreamRefusedError),
        (
            reply(
                405,
                {
                    "code": "BadArgument",
                    "message": " Streaming API is not enabled for non personal scope"
                    " or non copilot conversations.",
                },
            ),
            StreamRefusedError,
        ),
        (
            reply(
                400,
                {
                    "error": {
                        "code": "BadArgument",
                        "message": "Streaming API is not enabled for this chat",
                    }
                },
            ),
            StreamRefusedError,
        ),
        (QUOTA, RateLimitedError),
        (refuse(412, "PreconditionFailed"), RateLimitedError),
        (PAGE, AmbiguousSendError),
        (refuse(500, "ServiceError"), AmbiguousSendError),
        (reply(504), AmbiguousSendError),
        (hang_up, AmbiguousSendError),
        (OUT_OF_ORDER, AmbiguousSendError),
        (reply(201, {}), AmbiguousSendError),
        (refuse(403, "ConversationBlockedByUser"), PlaceClosedError),
        (refuse(400, "BadArgument"), ContentRefusedError),
    ],
)
async def test_what_becomes_of_a_start(
    platform: TeamsPlatform,
    channel: Channel,
    to: Address,
    answer: Reply,
    error: type[PlatformError],
) -> None:
    channel.replies.append(answer)
    with pytest.raises(PlatformError) as caught:
        await platform.streams.open(to, platform.render(FIRST), surface=SURFACE)
    assert type(caught.value) is error
    assert len(channel.calls) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (TIMED_OUT, StreamOverError),
        (COMPLETED, StreamOverError),
        (SWITCHED_OFF, StreamOverError),
        (CANCELED, StoppedByPersonError),
        (CANCELLED, StoppedByPersonError),
        (refuse(404, "ActivityNotFoundInConversation"), MessageLockedError),
        (QUOTA, RateLimitedError),
        (refuse(412, "PreconditionFailed"), RateLimitedError),
        (PAGE, AmbiguousSendError),
        (refuse(500, "ServiceError"), AmbiguousSendError),
        (hang_up, AmbiguousSendError),
        (OUT_OF_ORDER, AmbiguousSendError),
        (CHANGED, StillStreamingError),
        (TOO_BIG, ContentRefusedError),
        (refuse(403, "SomethingElse"), PlatformError),
    ],
)
async def test_what_becomes_of_more(
    platform: TeamsPlatform,
    channel: Channel,
    to: Address,
    answer: Reply,
    error: type[PlatformError],
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(answer)
    with pytest.raises(PlatformError) as caught:
        await grow(platform, receipt, SECOND, FIRST)
    assert type(caught.value) is error
    assert len(channel.calls) == 2


async def test_a_request_that_was_too_early_keeps_its_number(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies += [QUOTA, TAKEN]
    with pytest.raises(RateLimitedError):
        await grow(platform, receipt, SECOND, FIRST)
    await grow(platform, receipt, SECOND, FIRST)
    assert [info(c.body)["streamSequence"] for c in channel.calls] == [1, 2, 2]


async def test_nothing_is_appended_after_an_answer_was_lost(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(hang_up)
    for _ in range(2):
        with pytest.raises(AmbiguousSendError):
            await grow(platform, receipt, SECOND, FIRST)
    assert len(channel.calls) == 2


async def test_only_who_opened_a_stream_appends_to_it(
    platform: TeamsPlatform, channel: Channel, to: Address, clock: ManualClock
) -> None:
    receipt = await begun(platform, channel, to)
    another = TeamsPlatform(channel.config(), clock=clock)
    await another.start()
    with pytest.raises(AmbiguousSendError):
        await grow(another, receipt, SECOND, FIRST)
    channel.replies.append(TAKEN)
    closed = await another.streams.close(receipt, another.render(SECOND), shown=None)
    assert closed.stream is None
    texts = [call.body.get("text") for call in channel.calls]
    assert texts == ["A brown", "A brown fox", None]
    await another.close()


async def test_what_looks_the_same_is_not_sent(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    same = replace(FIRST, steps=(replace(BUSY.steps[0], status="done"),))
    assert await grow(platform, receipt, same, FIRST) == receipt
    assert len(channel.calls) == 1


@pytest.mark.parametrize("answer", [TIMED_OUT, COMPLETED, SWITCHED_OFF])
async def test_closing_what_is_closed_is_harmless_and_shows_the_rest(
    platform: TeamsPlatform, channel: Channel, to: Address, answer: Reply
) -> None:
    receipt, shown = await begun(platform, channel, to), platform.render(FIRST)
    channel.replies.append(answer)
    closed = await platform.streams.close(receipt, None, shown=shown)
    assert closed == receipt.model_copy(update={"stream": None})
    assert await platform.streams.close(closed, None, shown=shown) == closed
    assert [call.method for call in channel.calls] == ["POST", "POST"]
    channel.replies.append(answer)
    await platform.streams.close(receipt, platform.render(SECOND), shown=shown)
    assert [call.method for call in channel.calls[2:]] == ["POST", "PUT"]
    assert "A brown fox" in str(channel.calls[-1].body["attachments"])


async def test_an_end_whose_card_was_refused_is_made_again(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt, shown = await begun(platform, channel, to), platform.render(FIRST)
    channel.replies += [TAKEN, refuse(429, "Throttled", retry_after="2"), COMPLETED]
    done = platform.render(DONE)
    with pytest.raises(RateLimitedError):
        await platform.streams.close(receipt, done, shown=shown)
    assert (await platform.streams.close(receipt, done, shown=shown)).stream is None
    assert [c.method for c in channel.calls] == ["POST", "POST", "PUT", "POST", "PUT"]


async def test_who_stood_still_at_the_end_does_not_edit_unasked(
    platform: TeamsPlatform, channel: Channel, to: Address, clock: ManualClock
) -> None:
    async def late(request: web.Request) -> web.StreamResponse:
        clock.elapsed += limits.STREAM_THEN_EDIT + 0.1
        return await TAKEN(request)

    receipt, shown = await begun(platform, channel, to), platform.render(FIRST)
    channel.replies.append(late)
    with pytest.raises(StreamOverError):
        await platform.streams.close(receipt, platform.render(DONE), shown=shown)
    assert [call.method for call in channel.calls] == ["POST", "POST"]


async def test_an_ending_is_appended_as_the_end(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(TAKEN)
    assert (await grow(platform, receipt, DONE, FIRST)).stream is None
    assert [call.method for call in channel.calls] == ["POST", "POST", "PUT"]


async def test_a_stop_after_the_last_word_changes_nothing(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt, shown = await begun(platform, channel, to), platform.render(FIRST)
    channel.replies.append(CANCELED)
    closed = await platform.streams.close(receipt, platform.render(DONE), shown=shown)
    assert closed.stream is None
    channel.replies.append(CANCELED)
    with pytest.raises(StoppedByPersonError):
        await platform.streams.close(receipt, platform.render(SECOND), shown=shown)
    assert [call.method for call in channel.calls[-2:]] == ["PUT", "POST"]


async def test_what_still_streams_cannot_be_edited(
    platform: TeamsPlatform, channel: Channel, to: Address
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(SWITCHED_OFF)
    with pytest.raises(StillStreamingError):
        await platform.edit(receipt, platform.render(SECOND))
    assert (await platform.edit(receipt, platform.render(SECOND))).stream is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CANCELED, StoppedByPersonError),
        (refuse(404, "ActivityNotFoundInConversation"), MessageLockedError),
        (QUOTA, RateLimitedError),
        (PAGE, AmbiguousSendError),
        (hang_up, AmbiguousSendError),
        (CHANGED, StillStreamingError),
    ],
)
async def test_what_else_becomes_of_an_end(
    platform: TeamsPlatform,
    channel: Channel,
    to: Address,
    answer: Reply,
    error: type[PlatformError],
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(answer)
    with pytest.raises(PlatformError) as caught:
        await platform.streams.close(receipt, None, shown=platform.render(FIRST))
    assert type(caught.value) is error


async def test_what_teams_has_ended_by_its_age_is_not_asked_about(
    platform: TeamsPlatform, channel: Channel, to: Address, clock: ManualClock
) -> None:
    receipt, shown = await begun(platform, channel, to), platform.render(FIRST)
    clock.elapsed += limits.STREAM_GONE
    with pytest.raises(StreamOverError):
        await grow(platform, receipt, SECOND, FIRST)
    assert (await platform.streams.close(receipt, None, shown=shown)).stream is None
    assert len(channel.calls) == 1
    await platform.streams.close(receipt, platform.render(SECOND), shown=None)
    assert [call.method for call in channel.calls] == ["POST", "PUT"]


@pytest.mark.parametrize(
    ("newest", "shown", "text"),
    [
        (SECOND, FIRST, "A brown fox"),
        (SECOND, None, "A brown fox"),
        (None, FIRST, "A brown"),
        (replace(FIRST, text="Another"), FIRST, "A brown"),
        (VIEW, BUSY, "Working"),
        (None, BUSY, "Working · Looking"),
        (None, None, "…"),
    ],
)
async def test_the_end_contains_whatever_was_shown(
    platform: TeamsPlatform,
    channel: Channel,
    to: Address,
    *,
    newest: TurnView | None,
    shown: TurnView | None,
    text: str,
) -> None:
    receipt = await begun(platform, channel, to)
    channel.replies.append(TAKEN)
    await platform.streams.close(
        receipt,
        platform.render(newest) if newest else None,
        shown=platform.render(shown) if shown else None,
    )
    assert channel.calls[1].body["text"] == text
