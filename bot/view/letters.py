"""Where a text may be parted between two characters as people see them. Pure.

A character that people see can be several code points: a letter and its accents, a
flag, a family. Parted, it turns into others.

Source: https://www.unicode.org/reports/tr29/ (the rules that matter for chat)
"""

import unicodedata

LONGEST = 64
"""Code points after which even one character is parted: people write none so long."""
_JOINER = "\u200d"
_FLAGS = range(0x1F1E6, 0x1F200)
_SKINS = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_HANGUL = range(0x1100, 0x1200)
_MARKS = "*_~`\\[]()<>&!|#"
"""What means something together with its neighbours in Markdown."""


def may_part(text: str, at: int) -> bool:
    """Return whether ``text`` may be parted before ``at``, in need.

    It depends on the `LONGEST` characters before and the one behind. No surrogate pair,
    no cluster, no escape and no run of Markdown's marks is torn apart, unless it goes
    on for longer than that.
    """
    if not 0 < at < len(text):
        return False
    if not _holds(text, at):
        return True
    return at > LONGEST and all(
        _holds(text, place) for place in range(at - LONGEST, at)
    )


def _holds(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if before in _MARKS or after in _MARKS:
        return True
    if before.isascii() and after.isascii():
        return False
    return _joins(before, after) or _halves(text, at)


def _joins(before: str, after: str) -> bool:
    """Return whether two code points are seen as one character."""
    if _JOINER in (before, after) or ord(after) in _SKINS or ord(after) in _TAGS:
        return True
    if unicodedata.category(after) in {"Mn", "Me", "Mc"}:  # accents, variants
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    return ord(before) in _HANGUL and ord(after) in _HANGUL


def _halves(text: str, at: int) -> bool:
    """Return whether a flag would be parted: two letters that make one picture."""
    if ord(text[at - 1]) not in _FLAGS or ord(text[at]) not in _FLAGS:
        return False
    begin = at
    while begin > max(0, at - LONGEST) and ord(text[begin - 1]) in _FLAGS:
        begin -= 1
    return (at - begin) % 2 == 1
