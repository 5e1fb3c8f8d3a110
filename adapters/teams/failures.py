"""What an answer other than 2xx means, in the core's words.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
    https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes
"""

from adapters.teams import limits
from adapters.teams.connector import Answer
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)

OUT_OF_ORDER = "ContentStreamSequenceOrderPreConditionFailed"
"""Comes with a 202, and means that the request was dropped."""
_GONE = "ActivityNotFoundInConversation"
_NO_STREAM = "ContentStreamNotAllowed"
_NOT_HERE = "streaming api is not enabled"
_OVER = ("exceeded streaming time", "already completed")
_MAYBE_DONE = frozenset({408, 502, 503, 504})


def refusal(answer: Answer) -> PlatformError:
    """Return the error that stands for a post's or an edit's answer."""
    match answer.status:
        case 404 if answer.code == _GONE:
            return MessageGoneError("teams", answer.code, answer.message)
        case 429:
            return _wait(answer, limits.RETRY_AFTER)
        case 412:
            return _wait(answer, limits.CONFLICT_RETRY_AFTER)
        case status if status in _MAYBE_DONE:
            return AmbiguousSendError("teams", answer.code, answer.message)
        case 500 if not answer.body:
            # Not the connector's own refusal: a page of something in between.
            return AmbiguousSendError("teams", answer.code, answer.message)
        case _:
            return PlatformError("teams", answer.code, answer.message)


def stream_refusal(answer: Answer) -> PlatformError:
    """Return the error that stands for the answer to a part of a stream."""
    said = answer.message.lower()
    if answer.code == OUT_OF_ORDER or answer.status >= 500:  # noqa: PLR2004 - 5xx
        return AmbiguousSendError("teams", answer.code, answer.message)
    if answer.status == 405 or _NOT_HERE in said:  # noqa: PLR2004 - not in such a chat
        return StreamRefusedError("teams", answer.code, answer.message)
    if answer.code != _NO_STREAM:
        return refusal(answer)
    # One code for everything; Teams' own libraries go by the words, too.
    if "cancel" in said:
        return StoppedByPersonError("teams", answer.code, answer.message)
    if any(words in said for words in _OVER):
        return StreamOverError("teams", answer.code, answer.message)
    if "content stream is not allowed" in said:
        return StreamRefusedError("teams", answer.code, answer.message)
    return PlatformError("teams", answer.code, answer.message)


def _wait(answer: Answer, otherwise: float) -> RateLimitedError:
    pause = otherwise if answer.retry_after is None else answer.retry_after
    return RateLimitedError("teams", retry_after=pause)
