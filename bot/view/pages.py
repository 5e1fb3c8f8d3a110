"""Split a long answer into pages, each shown by a message of its own. Pure.

Protocol of use: `pages_of` is given the whole text so far, again and again while it
grows. It reads the text once from the beginning, and ends a page at the first place
that is good enough for how full the page is by then (`_Tier`): first between blocks,
later between list items, then lines, sentences, words, and at last anywhere between two
characters as people see them. Whether a place is good enough depends on the text
before it and on at most `LOOK_AHEAD` characters behind it. Hence, as text is appended:

* a split never moves, and a finished page never changes;
* the page that is being written only grows: nothing on it moves to the next one.

Each page is CommonMark that stands alone. What a split cuts through is closed on one
page and opened again on the next: a fence with its info string, list items and quotes
around the place, emphasis, a table with its header.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from bot.view import letters, outline
from bot.view.markdown import open_marks
from bot.view.outline import Place

LOOK_AHEAD = 24
"""Characters of a line that must be there, or its end, to know what begins with it."""
_LONGEST_OPENING = 600
"""Weight; whatever is opened again on a page must leave room for the page."""
_LONGEST_INFO = 40
_CACHED = 1024


class _Tier(IntEnum):
    """From which weight on a page may end at a place of this kind."""

    BLOCK = 2_200
    ITEM = 2_500
    LINE = 2_800
    SENTENCE = 2_900
    WORD = 3_000
    ANYWHERE = 3_200


LARGEST = _Tier.ANYWHERE + letters.LONGEST
"""Weight that no page exceeds by more than what closes it."""
_WINDOW = LARGEST + LOOK_AHEAD + 8
_SENTENCE = re.compile(r"[.!?…:;][\"'”’)\]*_]*\s+(?=\S)|[。！？](?=\S)")  # noqa: RUF001
_WORD = re.compile(r"\s+(?=\S)")
_SPACES = re.compile(r" {81,}")
_EMPTY_LINES = re.compile(r"\n(?: *\n){3,}")
_TAIL = re.compile(r" *\n? *\n?")
_LEADS = re.compile(r"[ >]*#{1,6} .*|.*:[ *_]*")
"""A heading, or words that announce what follows: they stay with it."""
_BEGINS = re.compile(r"[ >]*(?:#|```|~~~)")
"""What may begin a block, or end one, right below another line."""
_ITEM = re.compile(r" ?(?:[-+*]|\d{1,9}[.)]) ")
"""Not a nested one: it stays with what it belongs to, if there is room."""
_MARKS = "*_`~"
_STARTS = f"{_MARKS}-+>#|=0123456789"
"""What may look like a block's beginning once it begins a page."""
_UNDERLINE = re.compile(r"[ >]*[|:=-][ |:=-]*")
"""A table's second row, or what marks the line above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message's share of a text."""

    text: str
    """CommonMark that stands alone; half written only on the last page."""
    start: int
    """Where its share begins, in characters of the normalized text."""
    repeats: str
    """What it begins with although it stands on an earlier page already."""
    complete: bool
    """Whether another page follows, so that nothing is appended here any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Where a page ends, and how."""

    at: int
    resume: int
    """Where the next page goes on; between the two is nothing to see."""
    closing: str = ""
    opening: str = ""


def weight_of(text: str) -> int:
    """Return how much of a page ``text`` fills.

    About its characters; more for those which some platform counts more than once, as
    UTF-16 or once they are escaped.
    """
    escaped = 3 * (text.count("<") + text.count(">")) + 4 * text.count("&")
    beyond = 0 if text.isascii() else sum(char > "\uffff" for char in text)
    return len(text) + escaped + beyond


def pages_of(text: str, *, streaming: bool = False) -> tuple[Page, ...]:
    """Return the pages of ``text``; at least one, which may be empty.

    Args:
        text: CommonMark as a model wrote it.
        streaming: More is coming: the last page leaves out a beginning of a line that
            may yet turn out to belong to the next page.
    """
    text = normalized(text)
    pages: list[Page] = []
    start, opening = 0, ""
    while True:
        source = (opening + text[start : start + _WINDOW])[:_WINDOW]
        cut = _cut_of(source, len(opening))
        if cut is None:
            break
        shown = source[: cut.at].rstrip() + cut.closing
        pages.append(Page(text=shown, start=start, repeats=opening, complete=True))
        start += cut.resume - len(opening)
        opening = cut.opening
    last = opening + text[start:]
    if streaming:
        last = last[: len(last) - _undecided(last)]
    return (*pages, Page(text=last, start=start, repeats=opening, complete=False))


def normalized(text: str) -> str:
    """Return ``text`` with one kind of line ends, no tabs, and no deserts."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    body = text.rstrip()
    tail = _TAIL.match(text, len(body))
    body = _EMPTY_LINES.sub("\n\n\n", _SPACES.sub(" " * 80, body.replace("\t", "    ")))
    return body + (tail[0] if tail else "")


# ---------------------------------------------------------------------- where


@lru_cache(_CACHED)
def _cut_of(source: str, opened: int) -> _Cut | None:
    """Return where the page ends that begins ``source``, if that is known yet.

    Args:
        source: What opens the page again, and the text from there on.
        opened: Length of what opens it.
    """
    if weight_of(source) < _Tier.BLOCK:
        return None
    starts = {tier: _reach(source, tier) for tier in _Tier}
    for at, tier in _places(source, max(starts[_Tier.BLOCK], opened + 1)):
        if at >= starts[tier] and (cut := _cut_at(source, at, tier)):
            return cut
    return None


def _reach(source: str, weight: int) -> int:
    """Return how many characters weigh at least ``weight``."""
    low, high = 0, len(source) + 1
    while low < high:
        middle = (low + high) // 2
        if weight_of(source[:middle]) < weight:
            low = middle + 1
        else:
            high = middle
    return low


def _places(source: str, begin: int) -> Iterator[tuple[int, _Tier]]:
    """Yield, in order, where a page may end from ``begin`` on, and what is there."""
    line = source.rfind("\n", 0, begin) + 1
    while line < len(source):
        end = source.find("\n", line)
        text = source[line : end if end >= 0 else len(source)]
        known = end >= 0 or len(text) >= LOOK_AHEAD
        if line >= begin and text.strip() and known:
            tier = _tier_of(source, line)
            if tier is not None:
                yield line, tier
        yield from _places_in(source, max(line, begin), line + len(text))
        line += len(text) + 1


def _places_in(source: str, begin: int, end: int) -> Iterator[tuple[int, _Tier]]:
    line = source.rfind("\n", 0, begin) + 1
    indent = line + len(source[line:end]) - len(source[line:end].lstrip(" >"))
    sentences = {found.end() for found in _SENTENCE.finditer(source, line, end)}
    words = {found.end() for found in _WORD.finditer(source, line, end)}
    for at in range(max(begin, line + 1), end):
        if at in sentences and at > indent:
            yield at, _Tier.SENTENCE
        elif at in words and at > indent:
            yield at, _Tier.WORD
        elif letters.may_part(source, at):
            yield at, _Tier.ANYWHERE


def _tier_of(source: str, line: int) -> _Tier | None:
    """Return what begins with the line at ``line``; ``None`` where nothing may.

    Reading all that is before takes long: only where the line alone does not tell.
    """
    text = source[line : line + LOOK_AHEAD].split("\n", 1)[0]
    if _UNDERLINE.fullmatch(text):
        return _Tier.ANYWHERE
    above = source[:line].rstrip(" ")
    before = above.rstrip().rsplit("\n", 1)[-1]
    announced = _LEADS.fullmatch(before) is not None
    if not above.endswith("\n\n") and not _BEGINS.match(text):
        item = _ITEM.match(text) and not announced
        return _Tier.ITEM if item else _Tier.LINE
    place = outline.place_of(source[:line], text)
    if place.closes_fence:
        return None
    if announced or not place.begins:
        return _Tier.LINE
    return _Tier.BLOCK if place.begins == "block" else _Tier.ITEM


# ------------------------------------------------------------------------ how


def _cut_at(source: str, at: int, tier: _Tier) -> _Cut | None:
    """Return how to part ``source`` there; ``None``: it would tear something apart."""
    line = source.rfind("\n", 0, at) + 1
    text = source[line : line + max(LOOK_AHEAD, at - line)].split("\n", 1)[0]
    place = outline.place_of(source[:line], text)
    resume = max(at, line + place.indent)
    if place.fence:
        return _cut_fence(place, at, resume)
    if at == line and place.begins:
        return _cut(at, resume, opening=place.first)
    if place.table and at == line:
        first, second = place.table
        opening = f"{place.first}{first}\n{place.following}{second}\n{place.following}"
        return _cut(at, resume, opening=opening)
    return _cut_inline(source, at, resume, place, tier)


def _cut_fence(place: Place, at: int, resume: int) -> _Cut:
    info = place.info if len(place.info) <= _LONGEST_INFO else ""
    opening = f"{place.first}{place.fence}{info}\n{place.following}"
    closing = f"\n{place.following}{place.fence}"
    return _cut(at, resume, closing=closing, opening=opening)


def _cut_inline(
    source: str, at: int, resume: int, place: Place, tier: _Tier
) -> _Cut | None:
    begun = at > source.rfind("\n", 0, at) + 1
    marks = open_marks(outline.inline_at(source[:at]))
    following = source[resume : resume + 1]
    if tier < _Tier.ANYWHERE and begun and (marks.fragile or following in _STARTS):
        return None
    if following and following in _MARKS:  # they would join with what is opened again
        return _cut(at, resume, opening=place.first)
    # At the beginning of a line that would be a fence, which hides what follows it.
    again = "" if _BEGINS.match(marks.opening) else marks.opening
    return _cut(at, resume, closing=marks.closing, opening=place.first + again)


def _cut(at: int, resume: int, *, closing: str = "", opening: str = "") -> _Cut:
    if weight_of(opening) > _LONGEST_OPENING:
        opening = ""
    return _Cut(at=at, resume=resume, closing=closing, opening=opening)


def _undecided(last: str) -> int:
    """Return how many characters at the end may yet belong to the next page."""
    line = last.rfind("\n") + 1
    short = len(last) - line < LOOK_AHEAD
    return len(last) - line if short and weight_of(last[:line]) >= _Tier.BLOCK else 0
