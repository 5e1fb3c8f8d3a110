"""Slack's refusals as `bot.errors`: which code means what for a send.

A code that nobody knows is a refusal for good, except for what makes a new message:
there it is taken for "may have happened", and looked for. Details carry no message
content and no token.

Source: the error tables of https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/reference/methods/chat.update and
https://docs.slack.dev/reference/methods/chat.startStream
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from adapters.slack import limits
from adapters.slack.objects import as_object
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
        "update_failed",
    }
)
"""Codes after which the call may have had its effect."""

UNRENDERABLE = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "markdown_text_conflict",
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "msg_too_long",
        "no_text",
    }
)
"""Codes that mean that our blocks are wrong; the same words without them may pass."""

UNMARKABLE = frozenset(
    {"invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large"}
)
"""Codes that mean that our mark is wrong; without it the message may pass."""

UNSTREAMABLE = frozenset(
    {
        "cannot_provide_both_markdown_text_and_chunks",
        "invalid_chunks",
        "markdown_text_or_chunks_required",
        "streaming_mode_mismatch",
    }
)
"""Codes that mean that what we streamed is wrong."""

_KINDS: Mapping[type[PlatformError], frozenset[str]] = MappingProxyType(
    {
        MessageGoneError: frozenset({"message_not_found", "message_not_owned_by_app"}),
        MessageLockedError: frozenset(
            {
                "block_mismatch",
                "cant_update_message",
                "edit_window_closed",
                "is_inactive",
            }
        ),
        ContentRefusedError: UNRENDERABLE | UNMARKABLE | UNSTREAMABLE,
        PlaceClosedError: frozenset(
            {
                "access_denied",
                "channel_not_found",
                "ekm_access_denied",
                "external_channel_migrating",
                "is_archived",
                "not_in_channel",
                "restricted_action",
                "restricted_action_non_threadable_channel",
                "restricted_action_read_only_channel",
                "restricted_action_thread_locked",
                "restricted_action_thread_only_channel",
                "thread_not_found",
            }
        ),
        AccessRefusedError: frozenset(
            {
                "account_inactive",
                "invalid_auth",
                "not_authed",
                "token_expired",
                "token_revoked",
            }
        ),
        PermissionMissingError: frozenset(
            {
                "accesslimited",
                "enterprise_is_restricted",
                "missing_scope",
                "no_permission",
                "not_allowed_token_type",
                "org_login_required",
                "team_access_not_granted",
            }
        ),
        StreamOverError: frozenset({"message_not_in_streaming_state"}),
        StoppedByPersonError: frozenset({"stopped_by_user"}),
        StillStreamingError: frozenset({"streaming_state_conflict"}),
        PlatformError: frozenset(
            {
                "as_user_not_supported",
                "cannot_reply_to_message",
                "deprecated_endpoint",
                "invalid_arg_name",
                "invalid_arguments",
                "invalid_array_arg",
                "invalid_charset",
                "invalid_form_data",
                "invalid_json",
                "invalid_post_type",
                "invalid_thread_ts",
                "json_not_object",
                "method_deprecated",
                "missing_post_type",
                "team_not_found",
                "too_many_attachments",
                "two_factor_setup_required",
                "unknown_method",
                "user_not_found",
            }
        ),
    }
)
"""Every code that we know for certain to have had no effect."""

_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes}

_REFUSE_STREAMS = UNSTREAMABLE | {
    "channel_type_not_supported",
    "invalid_arguments",
    "invalid_thread_ts",
    "messages_tab_disabled",
    "messaging_processing_failed",
    "missing_recipient_team_id",
    "missing_recipient_user_id",
    "unknown_method",
}
"""Codes of `chat.startStream` after which the same may be posted."""

_START = "chat.startStream"
_MAKES_MESSAGES = frozenset({"chat.postMessage", _START})

_TOO_MANY = 429
_SERVER_ERRORS = 500
_SECRET = re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9.-]+")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def redact(text: str) -> str:
    """Return ``text`` without Slack tokens."""
    return _SECRET.sub("xox?-…", text)


def failure_of(method: str, error: SlackApiError) -> PlatformError:
    """Return what Slack's answer to ``method`` means."""
    status, headers, data = _answer(error)
    code = str(data.get("error") or "")
    if code == "message_limit_exceeded":
        return QuotaSpentError("slack", retry_after=limits.QUOTA_PAUSE)
    if status == _TOO_MANY or code in THROTTLED:
        least = THROTTLED.get(code, 0.0)
        return RateLimitedError("slack", retry_after=max(least, _retry_after(headers)))
    if status >= _SERVER_ERRORS or code in AMBIGUOUS:
        return AmbiguousSendError("slack", code or f"http_{status}", method)
    return _kind_of(method, code)("slack", code, f"{method}{_advice(data)}")


def _kind_of(method: str, code: str) -> type[PlatformError]:
    if method == _START and code in _REFUSE_STREAMS:
        return StreamRefusedError
    if kind := _KIND_OF.get(code):
        return kind
    if method not in _MAKES_MESSAGES:
        return PlatformError
    _log.error("slack.unknown_code", method=method, code=code)
    return AmbiguousSendError


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
