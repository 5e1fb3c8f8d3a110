"""One short line for notifications and screen readers."""

import re

LONGEST = 150
"""Characters."""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_MARKS = re.compile(r"[`*]+|~~|(?m:^[ \t]*(?:#{1,6}|>|[-+])[ \t]+)")


def summary_of(headline: str, text: str) -> str:
    """Return the headline and as much of the text, without its marks, as fits."""
    gist = " ".join(_MARKS.sub("", _LINK.sub(r"\1", text)).split())
    joint = " " if headline.endswith(".") else ": "
    line = f"{headline}{joint}{gist}" if gist not in headline else headline
    if len(line) <= LONGEST:
        return line
    return f"{line[: LONGEST - 1].rstrip()}…"
