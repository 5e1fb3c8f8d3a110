"""What of a growing answer can no longer change, for lanes that can only append. Pure.

A native stream shows for ever what it was once given. So a construct whose meaning is
open is held back: the beginning of a line that may become a list item, a heading, a
fence or a table; within a paragraph a link, code or an entity that has begun. They are
short; all else is let through as it comes, marks of emphasis too, for they are written
in the same way whether or not they find their partner.

A token that notifies people cannot be put together from two appends: a lone ``<`` is
escaped when it comes, and everything behind it is text.
"""

import re

from bot.view.markdown import first_open
from bot.view.outline import last_line, place_of, without_unsure_row
from bot.view.parser import pieces_of
from bot.view.rewrite import Dialect, rewrite, rewrite_open

_SETTLED = re.compile(r"[^\s>\-+*#`~_=|:.)\d\\]")
"""A character that no mark at the beginning of a line contains."""
_BEGUN = re.compile(
    r"[ >]*(?:(?:[-+*]|\d{1,9}[.)])[ >]+)*(?:#{1,6}(?:\s|$)|```|~~~|\|)"
)
"""A heading, a fence or a table's row: only whole lines of them are certain."""
_UNSURE = re.compile(r"(?:(?:<[^\s<>]*)+|(?:&#?\w{0,31})+|[\\!*_~]+)$")


def stable_prefix(text: str, dialect: Dialect, *, finished: bool) -> str:
    """Return as much of ``text``, written in ``dialect``, as nothing can change.

    For the prefixes of one text the results are prefixes of each other; for the whole
    text, ``finished``, it is all of it as `bot.view.rewrite.rewrite` writes it.
    """
    if finished:
        return rewrite(text, dialect)
    return rewrite_open(_settled_lines(text), dialect, _settled_words).rstrip()


def _settled_lines(text: str) -> str:
    """Return ``text`` without lines at its end that may become something else."""
    *done, last = pieces_of(text)
    before, line = last_line(last)
    place = place_of(before, line)
    if place.fence:
        closing = line.strip(" >")
        kept = before if closing and not closing.strip(place.fence[0]) else last
    elif place.table and line.strip():
        # A row, with or without its bars, or what makes the line before it one.
        kept = without_unsure_row(before)
    elif _SETTLED.search(line) and not _BEGUN.match(line):
        kept = last
    else:
        kept = without_unsure_row(before)
    return "".join([*done, kept])


def _settled_words(content: str) -> str:
    """Return a paragraph's text without what is open at its end."""
    kept, shorter = "", content
    while shorter != kept:
        kept = shorter.rstrip("`")  # nobody knows how many there will be
        kept = kept[: first_open(kept)]
        shorter = _UNSURE.sub("", kept).rstrip()
    return kept
