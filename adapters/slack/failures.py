"""Slack's refusals as `bot.errors`: which code means what for a send.

What is not listed is a refusal for good: the call had no effect, and repeating it
will not help. Details carry no message content and no token.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage
and https://docs.slack.dev/reference/methods/chat.update
"""

import re
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from adapters.slack import limits
from adapters.slack.objects import as_object
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
)

THROTTLED = {"ratelimited": 0.0, "rate_limited": limits.POSTING_PAUSE}
"""Codes that ask us to slow down, with the least pause in seconds."""

AMBIGUOUS = frozenset(
    {
        "",  # no code at all: something between us and Slack answered
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""Codes after which the call may have had its effect."""

GONE = frozenset(
    {
        "block_mismatch",
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "message_not_found",
    }
)
"""Codes after which a message cannot be edited any more."""

UNRENDERABLE = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "msg_too_long",
    }
)
"""Codes that mean that our blocks are wrong; the same words without them may pass."""

_TOO_MANY = 429
_SERVER_ERRORS = 500
_SECRET = re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9.-]+")


def redact(text: str) -> str:
    """Return ``text`` without Slack tokens."""
    return _SECRET.sub("xox?-…", text)


def failure_of(method: str, error: SlackApiError) -> PlatformError:
    """Return what Slack's answer to ``method`` means."""
    status, headers, data = _answer(error)
    code = str(data.get("error") or "")
    if status == _TOO_MANY or code in THROTTLED:
        least = THROTTLED.get(code, 0.0)
        return RateLimitedError("slack", retry_after=max(least, _retry_after(headers)))
    if status >= _SERVER_ERRORS or code in AMBIGUOUS:
        return AmbiguousSendError("slack", code or f"http_{status}", method)
    detail = f"{method}{_advice(data)}"
    if code in GONE:
        return MessageGoneError("slack", code, detail)
    return PlatformError("slack", code, detail)


def _answer(error: SlackApiError) -> tuple[int, Mapping[str, Any], Mapping[str, Any]]:
    """Return status, headers and JSON of an answer, whatever kind the SDK kept.

    The SDK keeps its own response, or aiohttp's when the body was not JSON.
    """
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers: Mapping[str, Any] = getattr(response, "headers", None) or {}
    data = as_object(getattr(response, "data", None))
    return int(status), headers, data


def _retry_after(headers: Mapping[str, Any]) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After", limits.RETRY_AFTER)))
    except (TypeError, ValueError):
        return limits.RETRY_AFTER


def _advice(data: Mapping[str, Any]) -> str:
    """Return what Slack says about a wrong call: places in the blocks, scopes."""
    metadata = as_object(data.get("response_metadata"))
    said = [*metadata.get("messages", ()), *_scopes(data)]
    return redact("".join(f"; {each}" for each in said))[:500]


def _scopes(data: Mapping[str, Any]) -> list[str]:
    return [f"{key} {data[key]}" for key in ("needed", "provided") if data.get(key)]
