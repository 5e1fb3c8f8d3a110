"""Every row of Slack's error table in a whole turn, over the wire.

Maya asks in a channel; the first message, a refresh or the last word of her answer gets
this answer from Slack. Then it is looked at what she reads in the end. Omar asks at the
same time in his own chat, and must lose nothing.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage and
https://docs.slack.dev/reference/methods/chat.update
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
from tests.support.slack_house import SlackHouse
from tests.support.slack_rows import (
    Row,
    Then,
    Trouble,
    answers,
    cases,
    everywhere,
    named,
    tried,
)
from tests.support.wire_house import Spot


def content(code: str) -> Row:
    """Our blocks are wrong: the same words are shown without them, at once."""
    refused = Refusal(code, messages=("bad [json-pointer:/x]",))
    return Row(
        name=code,
        trouble=answers(refused),
        then=everywhere(Then()),
        says="slack.blocks_refused",
    )


def refused(name: str, *faults: Fault) -> Row:
    """It is wrong whatever we do: what comes later is shown, the last word bare."""
    return Row(
        name=name,
        trouble=answers(*faults),
        then={
            "first": Then(fates=("retry",)),
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("retry",), end="bare"),
        },
    )


def closed(name: str, trouble: Trouble) -> Row:
    """Nothing can be shown there: the last word goes to its person directly."""
    return Row(
        name=name,
        trouble=trouble,
        then={
            "first": Then(fates=("pass over",)),
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("move",), end="in their chat"),
        },
    )


def closed_for_good(name: str, trouble: Trouble) -> Row:
    then = Then(fates=("pass over", "move"), end="in their chat")
    return Row(
        name=name,
        trouble=trouble,
        then={
            "first": Then(fates=then.fates, end=then.end, messages=0),
            "progress": then,
            "last": Then(fates=("move",), end=then.end),
        },
    )


def unknown(name: str, fault: Fault, *, pause: float = 0.0) -> Row:
    """Nobody knows whether it was carried out: looked for, or made again."""
    return Row(
        name=name,
        trouble=answers(fault),
        then=everywhere(Then(fates=("retry",))),
        pause=pause,
    )


def later(name: str, fault: Fault, pause: float) -> Row:
    """Slack takes no more of these calls: an ending becomes a message of its own."""
    return Row(
        name=name,
        trouble=answers(fault),
        then={
            "first": Then(fates=("throttle",)),
            "progress": Then(fates=("throttle",)),
            "last": Then(fates=("throttle",), messages=2),
        },
        pause=pause,
        together=False,
    )


def locked(code: str) -> Row:
    """The message stands and takes no edit: another one goes on."""
    then = Then(fates=("retry",), messages=2)
    return Row(
        name=code,
        trouble=answers(Refusal(code)),
        then={"progress": then, "last": then},
        code=code,
    )


def deleted(house: SlackHouse, _: Spot) -> None:
    [message] = house.shown("maya")
    house.world.mishaps.delete(message["channel"], message["ts"])


def archived(house: SlackHouse, _: Spot) -> None:
    house.world.mishaps.archive(house.place("maya"))


def removed(house: SlackHouse, _: Spot) -> None:
    house.world.mishaps.remove_bot(house.place("maya"))


def unmarkable(code: str) -> Row:
    return Row(
        name=code,
        trouble=answers(Refusal(code)),
        then={"first": Then()},
        says="slack.posted_unmarked",
    )


ROWS = (
    *map(
        content,
        (
            "invalid_blocks",
            "invalid_blocks_format",
            "markdown_text_conflict",
            "msg_blocks_too_long",
            "msg_blocks_too_many",
            "msg_too_long",
            "no_text",
        ),
    ),
    refused("blocks and words", Refusal("invalid_blocks"), Refusal("msg_too_long")),
    *(
        named(refused(code, Refusal(code)))
        for code in ("missing_scope", "no_permission", "cannot_reply_to_message")
    ),
    *map(
        unmarkable,
        ("metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema"),
    ),
    *(
        named(closed(code, answers(Refusal(code))))
        for code in (
            "channel_not_found",
            "ekm_access_denied",
            "external_channel_migrating",
            "is_archived",
            "not_in_channel",
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_thread_locked",
            "thread_not_found",
        )
    ),
    closed_for_good("an archived channel", archived),
    closed_for_good("a channel without us", removed),
    *map(
        locked,
        ("block_mismatch", "cant_update_message", "edit_window_closed", "is_inactive"),
    ),
    Row(
        name="a message that somebody deleted",
        trouble=deleted,
        then={
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("retry",)),
        },
    ),
    *(
        named(unknown(code, Refusal(code)))
        for code in (
            "fatal_error",
            "internal_error",
            "request_timeout",
            "service_unavailable",
            "team_added_to_org",
            "update_failed",
        )
    ),
    unknown("a page, not done", ServerError(status=502)),
    unknown("a page, done", ServerError(applied=True)),
    unknown("a page with 200, done", ServerError(applied=True, status=200)),
    unknown("a reset, not done", ConnectionReset(applied=False)),
    unknown("a reset, done", ConnectionReset(applied=True)),
    unknown("silence, done", NoAnswer(), pause=16),
    Row(
        name="a code that nobody knows",
        code="gremlins",
        trouble=answers(Refusal("gremlins")),
        then={
            "first": Then(fates=("retry",)),
            "progress": Then(fates=("pass over",)),
            "last": Then(fates=("retry",), end="bare"),
        },
    ),
    Row(
        name="message_limit_exceeded",
        trouble=answers(Refusal("message_limit_exceeded")),
        then=everywhere(Then(fates=("finals only",))),
        pause=limits.QUOTA_PAUSE + 1,
    ),
    later("429 in 1 s", RateLimited(retry_after=1), 2),
    later("429 in 40 s", RateLimited(retry_after=40), 41),
    later("ratelimited in the body", Refusal("ratelimited"), limits.RETRY_AFTER + 1),
    later("rate_limited in the body", Refusal("rate_limited"), 61),
)


@pytest.mark.parametrize(("row", "spot"), cases(ROWS))
async def test_nothing_is_lost_and_nothing_is_there_twice(
    workspace: SlackHouse, row: Row, spot: Spot
) -> None:
    await tried(workspace, row, spot)
