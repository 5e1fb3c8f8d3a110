"""What people write in Slack, as plain text that a model can read. Pure.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re

_TOKEN = re.compile(r"<([^<>\n]*)>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
"""Ampersands last: ``&amp;lt;`` was typed as ``&lt;``."""


def mentions(text: str, user_id: str) -> bool:
    """Return whether ``text`` mentions the user."""
    return f"<@{user_id}>" in text or f"<@{user_id}|" in text


def plain_text(text: str, bot_user_id: str) -> str:
    """Return ``text`` without mentions of the bot, tokens and entities resolved."""
    mention = rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>[:,]?[ \t]*"
    words = _TOKEN.sub(_resolved, re.sub(mention, "", text))
    # After the tokens: what was typed as an entity never becomes one.
    for entity, char in _ENTITIES:
        words = words.replace(entity, char)
    # Half a character (a lone surrogate) can neither be stored nor be sent.
    return words.encode(errors="ignore").decode().strip()


def _resolved(found: re.Match[str]) -> str:
    body, _, label = found.group(1).partition("|")
    match body[:1]:
        case "@" | "#":
            return body[0] + label.removeprefix(body[0]) if label else body
        case "!":
            if label:
                return label
            return "@" + body[1:].partition("^")[0]
        case _:
            address = body.removeprefix("mailto:").removeprefix("tel:")
            return f"{label} ({address})" if label not in {"", address} else address
