"""What becomes of the text a person types: escaped, mentions and links resolved.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.simulator.slack.people import Json

_LINK = r"(?P<link>https?://[^\s<>|]*[^\s<>|.,;:!?)'\"])"
_MAIL = r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"


@dataclass(frozen=True, slots=True)
class Typed:
    """A person's message as Slack stores and sends it."""

    text: str
    """mrkdwn: ``&``, ``<`` and ``>`` escaped, mentions and links in brackets."""
    elements: tuple[Json, ...]
    """The same as the elements of a rich text section."""
    mentioned: frozenset[str]
    """Ids of the users named."""


def escape(text: str) -> str:
    """Return ``text`` with the three control characters of mrkdwn escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_typed(typed: str, names: Mapping[str, str]) -> Typed:
    """Return ``typed`` as Slack's client would send it.

    Args:
        typed: What is in the box when the person presses Enter.
        names: User ids by lower-case name; ``@name`` becomes a mention of it, and so
            does ``<@id>``, what a client puts in for somebody picked from its list.
    """
    parts = list(_parts(typed, names))
    return Typed(
        text="".join(text for text, _ in parts),
        elements=tuple(element for _, element in parts),
        mentioned=frozenset(e["user_id"] for _, e in parts if e["type"] == "user"),
    )


def _parts(typed: str, names: Mapping[str, str]) -> Iterator[tuple[str, Json]]:
    at = 0
    for match in _pattern(names).finditer(typed):
        yield from _plain(typed[at : match.start()])
        yield _special(match, names)
        at = match.end()
    yield from _plain(typed[at:])


def _plain(text: str) -> Iterator[tuple[str, Json]]:
    if text:
        yield escape(text), {"type": "text", "text": text}


def _special(match: re.Match[str], names: Mapping[str, str]) -> tuple[str, Json]:
    if link := match["link"]:
        return f"<{escape(link)}>", {"type": "link", "url": link}
    if mail := match["mail"]:
        url = f"mailto:{mail}"
        return f"<{url}|{mail}>", {"type": "link", "url": url, "text": mail}
    picked = match["id"]
    user_id = picked.upper() if picked else names[match["name"].lower()]
    return f"<@{user_id}>", {"type": "user", "user_id": user_id}


def _pattern(names: Mapping[str, str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    name = "|".join(re.escape(name) for name in longest_first) or r"(?!)"
    picked = "|".join(re.escape(user_id) for user_id in set(names.values()))
    return re.compile(
        rf"<@(?P<id>{picked or '(?!)'})>|{_LINK}|{_MAIL}"
        rf"|(?<![\w@])@(?P<name>{name})(?!\w)",
        re.IGNORECASE,
    )
