"""Text made safe for Slack: one escaper per kind of place. Pure.

``<`` opens a token in Slack: ``<!channel>`` notifies everybody, ``<@U1>`` somebody,
``<https://evil|Okta>`` lies about where it leads. So no ``<`` that came from a model,
a tool or a person ever reaches Slack as one.

* `mrkdwn`: for ``mrkdwn`` text objects and ``text``: ``&``, ``<`` and ``>``
* `plain`: for ``plain_text``, where Slack shows entities as they are written
* `markdown`: for ``markdown`` blocks: ``<`` and ``>``, but not ``&``, which would
  break query strings; and links show where they lead

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Callable

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Controls, and marks that make text run backwards: they only serve to deceive."""
_BREAKS = re.compile(r"\s*[\n\t\u2028\u2029]\s*")

_CODE = re.compile(
    r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n).)*?\2",
    re.MULTILINE | re.DOTALL,
)
"""Fenced code, closed or not, and code spans, which end with their paragraph."""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(\s*<?([^\s()<>]*)>?(?:\s+[\"'(][^\n]*?)?\s*\)")
_QUOTE = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^ {0,3}([-*_=])(?:[ \t]*\1){2,}[ \t]*$", re.MULTILINE)


def clean(text: str) -> str:
    """Return ``text`` without invisible characters."""
    return _INVISIBLE.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` as one line, so that a value cannot pose as two fields."""
    return _BREAKS.sub(" ", clean(text)).strip()


def mrkdwn(text: str) -> str:
    """Return ``text`` for a ``mrkdwn`` text object."""
    return _angles(text.replace("&", "&amp;"))


def bold(text: str) -> str:
    """Return ``text`` in bold ``mrkdwn``; an asterisk in it cannot end the bold."""
    return f"*{text.replace('*', '∗')}*"  # noqa: RUF001 - the point is that it is another


def plain(text: str) -> str:
    """Return ``text`` for ``plain_text``: shown as it is, and no token by any reader."""
    return text.replace("<", "<\u200b")


def markdown(text: str) -> str:
    """Return CommonMark for a ``markdown`` block.

    Headings become bold and rules vanish, because each would count as a block of its
    own; links show their address; a quote keeps its mark.
    """
    pieces: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        pieces += (_prose(text[end : code.start()]), _angles(code.group()))
        end = code.end()
    pieces.append(_prose(text[end:]))
    return "".join(pieces)


def _prose(text: str) -> str:
    text = _RULE.sub("", _HEADING.sub(_bold_heading, text))
    text = _LINK.sub(_shown_link, text)
    # Links that the pattern above did not read, and reference definitions.
    text = text.replace("](", "]\\(").replace("]:", "]\\:")
    marks = [mark.span() for mark in _QUOTE.finditer(text)]
    pieces: list[str] = []
    end = 0
    for start, stop in marks:
        pieces += (_angles(text[end:start]), text[start:stop])
        end = stop
    return "".join((*pieces, _angles(text[end:])))


def _bold_heading(found: re.Match[str]) -> str:
    title = found.group(1).replace("*", "")
    return f"**{title}**" if title else ""


def _shown_link(found: re.Match[str]) -> str:
    label, address = found.group(1).strip(), found.group(2)
    if not address or label == address:
        return label or address
    return f"{label} ({address})" if label else address


def _angles(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def fit(text: str, limit: int, *, escape: Callable[[str], str] = plain) -> str:
    """Return ``text`` escaped and, if need be, cut with an ellipsis.

    Args:
        text: Raw text.
        limit: Characters that the result may have.
        escape: Works character by character, so that no entity is cut.
    """
    if len(text) <= limit and len(whole := escape(text)) <= limit:
        return whole
    room = limit - 1
    kept: list[str] = []
    for char in text[:limit]:
        escaped = escape(char)
        room -= len(escaped)
        if room < 0:
            break
        kept.append(escaped)
    return "".join(kept).rstrip() + "…"
