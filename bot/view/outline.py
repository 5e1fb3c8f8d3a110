"""Where in a Markdown document a line stands: in which list, fence or table. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markdown_it.token import Token

from bot.view.parser import blocks_in, pieces_of

_CACHED = 512
_QUOTE = re.compile(r" {0,3}> ?")
_MARKER = re.compile(r"( *(?:[-+*]|\d{1,9}[.)]))( *)")
_ROW = re.compile(r"[ >]*(?:(?:[-+*]|\d{1,9}[.)])[ >]+)*\|")
_WIDEST = 4
"""Spaces behind a list mark; one more, and they belong to indented code."""
_PARTS = {"inline", "thead_open", "tbody_open", "tr_open", "th_open", "td_open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The beginning of one line, and what is open there."""

    begins: Literal["", "item", "block"] = ""
    """Whether something begins there: within a list or quote, or a block of its own."""
    first: str = ""
    """What opens the lists and quotes around it again."""
    following: str = ""
    """What keeps them open on the next lines."""
    indent: int = 0
    """How much of the line does so."""
    fence: str = ""
    """The marks of the fence that is open; empty: none is."""
    info: str = ""
    """What stands behind them."""
    closes_fence: bool = False
    table: tuple[str, str] | None = None
    """The first two lines of the table that is open."""


@dataclass(frozen=True, slots=True)
class _Container:
    """A list item or a quote."""

    start: int
    quote: bool


@lru_cache(_CACHED)
def place_of(before: str, line: str) -> Place:
    """Return where ``line`` stands.

    Args:
        before: Whole lines.
        line: The line behind them or how it begins, without its end.
    """
    lines = [*before.split("\n")[:-1], line]
    number = len(lines) - 1
    tokens = blocks_in(before + line)
    around = [t for t in tokens if t.map and t.map[0] < number < t.map[1]]
    path = [
        _Container(t.map[0], t.type == "blockquote_open")
        for t in around
        if t.map and t.type in {"blockquote_open", "list_item_open"}
    ]
    firsts = _firsts(lines, path)
    indent = sum(map(len, _consumed(lines[number], path, number, firsts)))
    fence = next((t for t in around if t.type == "fence"), None)
    return Place(
        begins=_begins(tokens, number),
        first="".join(firsts),
        following=_following(path, firsts),
        indent=indent,
        fence=fence.markup if fence else "",
        info=fence.info.strip() if fence else "",
        closes_fence=fence is not None and _closes(fence, line[indent:]),
        table=_table(lines, around, path, firsts),
    )


def last_line(text: str) -> tuple[str, str]:
    """Return the whole lines of ``text``, and the beginning of one behind them."""
    at = text.rfind("\n") + 1
    return text[:at], text[at:]


def without_unsure_row(before: str) -> str:
    """Return whole lines without a last one that may yet become a table's first."""
    rest, line = last_line(before[:-1])
    if not _ROW.match(line):
        return before
    place = place_of(rest, line)
    return before if place.table or place.fence else rest


def without_unsure_rows(text: str) -> str:
    """Return ``text`` without rows at its end that are no table's yet."""
    *done, last = pieces_of(text)
    before, line = last_line(last)
    if _ROW.match(line):
        place = place_of(before, line)
        if place.table or place.fence:
            return text
        line = ""
    if line.strip():
        return text
    return "".join([*done, without_unsure_row(before), line])


def inline_at(before: str) -> str:
    """Return the text of the paragraph, heading or cell in which ``before`` ends."""
    return next((t.content for t in reversed(_leaves(before))), "")


@lru_cache(16)
def _leaves(text: str) -> Sequence[Token]:
    last = [t for t in blocks_in(text) if t.content or t.type == "inline"][-1:]
    return [token for token in last if token.type == "inline"]


def _begins(tokens: Sequence[Token], number: int) -> Literal["", "item", "block"]:
    new = [t for t in tokens if t.map and t.map[0] == number and t.type not in _PARTS]
    if not new:
        return ""
    return "item" if min(token.level for token in new) else "block"


def _closes(fence: Token, line: str) -> bool:
    marks = line.strip()
    return len(marks) >= len(fence.markup) and set(marks) == {fence.markup[0]}


def _table(
    lines: Sequence[str],
    around: Sequence[Token],
    path: Sequence[_Container],
    firsts: Sequence[str],
) -> tuple[str, str] | None:
    for token in around:
        if token.type == "table_open" and token.map:
            start = token.map[0]
            head, rule = (
                line[sum(map(len, _consumed(line, path, number, firsts))) :]
                for number, line in enumerate(lines[start : start + 2], start)
            )
            return head, rule
    return None


# ------------------------------------------------------------ lists and quotes


def _firsts(lines: Sequence[str], path: Sequence[_Container]) -> list[str]:
    """Return what opens each of ``path``, as it is written."""
    firsts: list[str] = []
    for depth, container in enumerate(path, 1):
        line = lines[container.start]
        firsts.append(_consumed(line, path[:depth], container.start, firsts)[-1])
    return firsts


def _following(path: Sequence[_Container], firsts: Sequence[str]) -> str:
    return "".join(
        "> " if container.quote else " " * len(first)
        for container, first in zip(path, firsts, strict=True)
    )


def _consumed(
    line: str, path: Sequence[_Container], number: int, firsts: Sequence[str]
) -> list[str]:
    """Return the parts at the beginning of a line that belong to each of ``path``."""
    parts: list[str] = []
    at = 0
    for depth, container in enumerate(path):
        rest = line[at:]
        if container.quote:
            found = _QUOTE.match(rest)
            parts.append(found[0] if found else "")
        elif container.start == number:
            parts.append(_marker(rest))
        else:
            spaces = len(rest) - len(rest.lstrip(" "))
            parts.append(rest[: min(spaces, len(firsts[depth]))])
        at += len(parts[-1])
    return parts


def _marker(rest: str) -> str:
    """Return a list item's mark with the spaces that belong to it."""
    found = _MARKER.match(rest)
    if found is None:  # only if a tab or the like stands before it
        return ""
    mark, spaces = found.groups()
    whole = found.end() < len(rest) and 0 < len(spaces) <= _WIDEST
    return mark + (spaces if whole else " ")
