"""What an answer other than 2xx means, in the core's words.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
    https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes
"""

from collections.abc import Mapping, Sequence

from adapters.teams import limits
from adapters.teams.connector import Answer
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    ContentRefusedError,
    MessageGoneError,
    MessageLockedError,
    PermissionMissingError,
    PlaceClosedError,
    PlatformError,
    RateLimitedError,
    StillStreamingError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)

OUT_OF_ORDER = "ContentStreamSequenceOrderPreConditionFailed"
"""Comes with a 202, and means that the request was dropped."""
_NO_STREAM = "ContentStreamNotAllowed"
_NOT_HERE = "streaming api is not enabled"
_MAYBE_DONE = frozenset({408, 500, 502, 503, 504})
"""The table lets all be repeated but the 500. A 500 says nothing of what we sent, and
whoever takes it for a refusal loses a request for a decision: it is repeated too, more
and more slowly."""
_BY_CODE: Mapping[str, type[PlatformError]] = {
    "ActivityNotFoundInConversation": MessageGoneError,
    "ConversationNotFound": PlaceClosedError,
    "BotNotInConversationRoster": PlaceClosedError,
    "ConversationBlockedByUser": PlaceClosedError,
    "ForbiddenOperationException": PlaceClosedError,
    "MessageWritesBlocked": PlaceClosedError,
    "BotDisabledByAdmin": AccessRefusedError,
    "NotEnoughPermissions": PermissionMissingError,
}
_BY_WORDS: Sequence[tuple[str, type[PlatformError]]] = (
    ("cancel", StoppedByPersonError),  # spelt with one l or with two
    ("exceeded streaming time", StreamOverError),
    ("already completed", StreamOverError),
    ("previously streamed content", StillStreamingError),
    ("size too large", ContentRefusedError),
    ("content stream is not allowed", StreamRefusedError),
)


def refusal(answer: Answer) -> PlatformError:
    """Return the error that stands for any request's answer."""
    match answer.status:
        case 429:
            return _wait(answer, limits.RETRY_AFTER)
        case 412:
            return _wait(answer, limits.CONFLICT_RETRY_AFTER)
        case status if status in _MAYBE_DONE:
            kind = AmbiguousSendError
        case 400 | 413:
            kind = ContentRefusedError
        case 401:
            kind = AccessRefusedError
        case _:
            kind = _BY_CODE.get(answer.code, PlatformError)
    return kind("teams", answer.code, answer.message)


def edit_refusal(answer: Answer, *, personal: bool) -> PlatformError:
    """Return the error that stands for the answer to an edit.

    Args:
        answer: What Teams said.
        personal: Whether the message is in a chat of two. There nobody but us can
            delete it, so if Teams does not find it, it stands and takes no edits.

    Source:
        MicrosoftDocs/msteams-docs#6139 (updates of messages that stand fail with 404)
    """
    if answer.code == _NO_STREAM:
        return StillStreamingError("teams", answer.code, answer.message)
    error = refusal(answer)
    if personal and type(error) is MessageGoneError:
        return MessageLockedError("teams", answer.code, answer.message)
    return error


def stream_refusal(answer: Answer) -> PlatformError:
    """Return the error that stands for the answer to a part of a stream.

    Streams are in chats of two only, so a message that is gone is as for edits.
    """
    said = answer.message.lower()
    if answer.code == OUT_OF_ORDER or answer.status >= 500:  # noqa: PLR2004 - 5xx
        return AmbiguousSendError("teams", answer.code, answer.message)
    if answer.status == 405 or _NOT_HERE in said:  # noqa: PLR2004 - not in such a chat
        return StreamRefusedError("teams", answer.code, answer.message)
    if answer.code != _NO_STREAM:
        return edit_refusal(answer, personal=True)
    # One code for everything; Teams' own libraries go by the words, too.
    kind = next((kind for words, kind in _BY_WORDS if words in said), PlatformError)
    return kind("teams", answer.code, answer.message)


def _wait(answer: Answer, otherwise: float) -> RateLimitedError:
    pause = otherwise if answer.retry_after is None else answer.retry_after
    return RateLimitedError("teams", retry_after=pause)
