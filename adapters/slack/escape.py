"""Text made safe for Slack: one escaper per kind of place. Pure.

``<`` opens a token in Slack: ``<!channel>`` notifies everybody, ``<@U1>`` somebody,
``<https://evil|Okta>`` lies about where it leads. So no ``<`` that came from a model,
a tool or a person ever reaches Slack as one.
The one that `link` writes is ours, around an address that has none.

* `mrkdwn`: for ``mrkdwn`` text objects and ``text``: ``&``, ``<`` and ``>``
* `plain`: for ``plain_text``, where Slack shows entities as they are written
* `markdown`: for ``markdown`` blocks: ``<`` and ``>``, but not ``&``, which would
  break query strings; and links show where they lead

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Callable

from bot.view import settle
from bot.view.address import https_address
from bot.view.rewrite import Dialect, rewrite

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Controls, and marks that make text run backwards: they only serve to deceive."""
_BREAKS = re.compile(r"\s*[\n\t\u2028\u2029]\s*")


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


def link(address: str) -> str:
    """Return the ``mrkdwn`` of a link that shows where it leads; "" for no address."""
    fit_for = https_address(address)
    return f"<{mrkdwn(fit_for)}>" if fit_for else ""


def plain(text: str) -> str:
    """Return ``text`` for ``plain_text``: shown as it is, and no token by any reader."""
    return text.replace("<", "<\u200b")


def markdown(text: str) -> str:
    """Return CommonMark for a ``markdown`` block.

    Headings become bold and rules vanish, because each would count as a block of its
    own; links show their address.
    """
    return rewrite(text, _DIALECT)


def stable_prefix(text: str, finished: bool) -> str:  # noqa: FBT001 - as streams call it
    """Return what `markdown` says of the beginning of ``text`` whatever comes after it.

    For the prefixes of one text the results are prefixes of each other, and the last,
    ``finished``, is all of it: the text of a message that can only grow.
    """
    return settle.stable_prefix(clean(text), _DIALECT, finished=finished)


def _shown_link(label: str, address: str) -> str:
    shown = _angles(address)
    if not address or label in {address, shown}:
        return label or shown
    return f"{label} ({shown})" if label else shown


def _angles(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


_DIALECT = Dialect(text=_angles, code=_angles, link=_shown_link)


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
