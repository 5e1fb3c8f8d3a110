"""What Slack refuses a native stream, in a whole turn, over the wire.

Maya asks in a channel and her answer grows as a stream. Its start, a part or its stop
gets this answer; the message goes on with edits, or as a post.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.startStream,
https://docs.slack.dev/reference/methods/chat.appendStream and
https://docs.slack.dev/reference/methods/chat.stopStream
"""

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
from tests.support.slack_house import (
    APPEND,
    CLOSE,
    OPEN,
    SlackHouse,
)
from tests.support.slack_rows import (
    Row,
    Then,
    answers,
    cases,
    everywhere,
    refusals,
    tried,
)
from tests.support.wire_house import Spot

OVER = Then()
"""Nobody hears of it: the message is edited instead."""


def lost(name: str, fault: Fault, *, pause: float = 0.0) -> Row:
    """Nobody knows whether it was done: nothing is appended again."""
    trouble, then = answers(fault), everywhere(Then(fates=("retry",)))
    return Row(name=name, trouble=trouble, then=then, pause=pause)


def later(name: str, fault: Fault, pause: float) -> Row:
    trouble, then = answers(fault), everywhere(Then(fates=("throttle",)))
    return Row(name=name, trouble=trouble, then=then, pause=pause, together=False)


def deleted(house: SlackHouse, _: Spot) -> None:
    [message] = house.shown("maya")
    house.world.mishaps.delete(message["channel"], message["ts"])


def archived(house: SlackHouse, _: Spot) -> None:
    house.world.mishaps.archive(house.place("maya"))


ROWS = (
    *refusals(
        {"first": OVER},
        "channel_type_not_supported",
        "invalid_arguments",
        "invalid_thread_ts",
        "messages_tab_disabled",
        "messaging_processing_failed",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
        "unknown_method",
    ),
    *refusals(
        {"first": OVER, "progress": Then(fates=("pass over",)), "last": OVER},
        "cannot_provide_both_markdown_text_and_chunks",
        "invalid_chunks",
        "markdown_text_or_chunks_required",
        "streaming_mode_mismatch",
    ),
    *refusals(
        {
            "first": Then(fates=("retry",)),
            "progress": Then(fates=("pass over",)),
            "last": OVER,
        },
        "invalid_blocks",
        "msg_blocks_too_long",
        "msg_too_long",
    ),
    *refusals(
        {"progress": OVER, "last": OVER},
        "message_not_in_streaming_state",
        "stopped_by_user",
    ),
    *refusals(
        {
            "first": Then(fates=("pass over",)),
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("move",), end="in their chat"),
        },
        "is_archived",
        "not_in_channel",
        "restricted_action_thread_locked",
    ),
    Row(
        name="an archived channel",
        trouble=archived,
        then={
            "first": Then(fates=("pass over", "move"), end="in their chat", messages=0),
            "progress": Then(fates=("pass over", "move"), end="in their chat"),
            "last": Then(fates=("move",), end="in their chat"),
        },
    ),
    Row(
        name="a message that somebody deleted",
        trouble=deleted,
        then={"progress": Then(fates=("pass over",)), "last": Then(fates=("retry",))},
    ),
    Row(
        name="a code that nobody knows",
        trouble=answers(Refusal("gremlins")),
        code="gremlins",
        then={
            "first": Then(fates=("retry",)),
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("retry",)),
        },
    ),
    lost("internal_error", Refusal("internal_error")),
    lost("a page, not done", ServerError(status=502)),
    lost("a page, done", ServerError(applied=True)),
    lost("a reset, not done", ConnectionReset(applied=False)),
    lost("a reset, done", ConnectionReset(applied=True)),
    lost("silence, done", NoAnswer(), pause=16),
    later("429 in 40 s", RateLimited(retry_after=40), 41),
    later("ratelimited in the body", Refusal("ratelimited"), limits.RETRY_AFTER + 1),
    Row(
        name="message_limit_exceeded",
        trouble=answers(Refusal("message_limit_exceeded")),
        then=everywhere(Then(fates=("finals only",))),
        pause=limits.QUOTA_PAUSE + 1,
    ),
)


@pytest.mark.parametrize(("row", "spot"), cases(ROWS))
async def test_the_message_goes_on_without(
    workspace: SlackHouse, row: Row, spot: Spot
) -> None:
    await tried(workspace, row, spot, streams=True)
    refused = {"first": OPEN, "progress": APPEND, "last": CLOSE}[spot]
    assert workspace.calls(refused), "it did stream"
