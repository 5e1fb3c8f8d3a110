"""What the connector answers, and every refusal it knows.

Codes and messages:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
"""

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
TOO_BIG = refusal(413, "MessageSizeTooBig", "Message size too large.")
