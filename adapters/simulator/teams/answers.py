"""What the connector answers, and every refusal it knows.

Codes and messages:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
"""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, before it is one."""

    status: int
    body: Any = None
    """JSON-able; ``None`` is an empty body."""
    code: str = ""
    """Teams' error code; empty for a success."""
    retry_after: int | None = None
    """Seconds, for the header ``Retry-After``."""


def refusal(
    status: int, code: str, message: str, *, retry_after: int | None = None
) -> Answer:
    """Return the connector's error document."""
    body = {"error": {"code": code, "message": message}}
    return Answer(status, body, code, retry_after)


def bad_argument(message: str) -> Answer:
    """The payload is wrong (microsoft-365-agents-toolkit#14321 shows the spelling)."""
    return refusal(400, "BadArgument", message)


def bad_syntax(message: str) -> Answer:
    """The payload cannot be read."""
    return refusal(400, "BadSyntax", message)


def throttled(retry_after: int | None) -> Answer:
    """Too many requests."""
    return refusal(429, "Throttled", "Too many requests.", retry_after=retry_after)


def stream_refused(message: str) -> Answer:
    """A request that belongs to a stream is refused, for good.

    Source: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes
    """
    return refusal(403, "ContentStreamNotAllowed", message)


UNAUTHORIZED = Answer(
    401, {"message": "Authorization has been denied for this request."}, "Unauthorized"
)
NOT_INSTALLED = refusal(
    403,
    "ForbiddenOperationException",
    "Bot isn't installed in user's personal scope",
)
NOT_IN_ROSTER = refusal(
    403, "BotNotInConversationRoster", "The bot is not part of the conversation roster."
)
BLOCKED = refusal(
    403, "ConversationBlockedByUser", "User blocked the conversation with the bot."
)
DISABLED = refusal(403, "BotDisabledByAdmin", "The tenant admin disabled this bot.")
MUTED = Answer(
    403,
    {
        "errorCode": 209,
        "message": json.dumps(
            {
                "subCode": "MessageWritesBlocked",
                "details": "Thread does not allow message posts.",
                "errorCode": "Forbidden",
            }
        ),
    },
    "MessageWritesBlocked",
)
"""The other way of saying that a person blocked the bot.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
"""
NOT_YOURS = refusal(
    403, "NotEnoughPermissions", "Not enough permissions to perform this operation."
)
NO_CONVERSATION = refusal(404, "ConversationNotFound", "Conversation not found.")
NO_ACTIVITY = refusal(
    404, "ActivityNotFoundInConversation", "Message does not exist in the thread."
)
NO_MEMBER = refusal(
    404,
    "MemberNotFoundInConversation",
    "The member was not found in the conversation.",
)
CONFLICT = refusal(412, "PreconditionFailed", "Precondition failed, please try again.")
STREAM_ELSEWHERE = Answer(
    405,
    {
        "code": "BadArgument",
        "message": " Streaming API is not enabled for non personal scope or non"
        " copilot conversations.",
    },
    "BadArgument",
)
"""As Microsoft's Agents Playground answers, the space included."""
STREAM_OFF = stream_refused("Content stream is not allowed")
STREAM_COMPLETED = stream_refused(
    "Content stream is not allowed on an already completed streamed message"
)
STREAM_TIMED_OUT = stream_refused(
    "Content stream finished due to exceeded streaming time."
)
STREAM_CANCELED = stream_refused("Content stream was canceled by user")
STREAM_CHANGED = stream_refused(
    "Request streamed content should contain the previously streamed content"
)
STREAM_TOO_BIG = stream_refused("Message size too large")
STREAM_TOO_FAST = refusal(429, "Throttled", "API calls quota exceeded")
STREAM_DROPPED = Answer(
    202,
    {
        "error": {
            "code": "ContentStreamSequenceOrderPreConditionFailed",
            "message": "PreCondition failed exception when processing streaming"
            " activity.",
        }
    },
    "ContentStreamSequenceOrderPreConditionFailed",
)
"""Not an error, but not done either: a later request came first."""
TOO_BIG = refusal(413, "MessageSizeTooBig", "Message size too large.")
