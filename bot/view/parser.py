"""The one reader of Markdown: CommonMark with tables and strike-through. Pure.

Four things are off, because none of them is worth what it costs while text is still
being written:

* headings by underline: a paragraph would turn into one, seconds after it was read;
* tables whose rows do not begin with a bar: likewise;
* link definitions: they change what was written before them;
* HTML: no platform shows it.
"""

from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.token import Token

_PORTION = 512
"""Characters that are read at once to find blocks that are finished."""
_DOCUMENTS = 64
"""Texts whose blocks are remembered: several questions are asked about the same."""
_PORTIONS = 1024
_PARAGRAPHS = 512
"""So many such readings, and so many paragraphs' words, are remembered."""


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    at = state.bMarks[start] + state.tShift[start]
    return state.src.startswith("|", at) and table(state, start, end, silent)


def parser() -> MarkdownIt:
    """Return a reader of whole documents."""
    reader = MarkdownIt("commonmark", {"html": False})
    reader.enable(["table", "strikethrough"])
    reader.disable(["lheading", "reference", "html_block", "html_inline"])
    reader.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    return reader


_BLOCKS = parser().disable(["inline", "text_join"])
_SPANS = parser().disable(["text_join"])
_JOINED_SPANS = parser()


@lru_cache(_DOCUMENTS)
def blocks_in(text: str) -> Sequence[Token]:
    """Return the blocks of ``text``; what is in them is left as it is written."""
    return _BLOCKS.parse(text)


@lru_cache(_PARAGRAPHS)
def spans_in(text: str) -> Sequence[Token]:
    """Return the text, marks and links within one block's ``text``.

    Escapes and entities are tokens of their own, ``text_special``.
    """
    return _SPANS.parseInline(text)[0].children or ()


def tokens_in(text: str) -> list[Token]:
    """Return the blocks of ``text`` with all that is in them, escapes as plain text."""
    tokens = _BLOCKS.parse(text)
    for token in tokens:
        if token.type == "inline":
            token.children = list(_joined_spans(token.content))
    return tokens


@lru_cache(_PARAGRAPHS)
def _joined_spans(text: str) -> Sequence[Token]:
    return _JOINED_SPANS.parseInline(text)[0].children or ()


def pieces_of(text: str) -> tuple[str, ...]:
    """Return ``text`` in pieces, each of one or more whole blocks; at least one.

    All but the last are finished: nothing that is appended changes them. They are found
    in portions, so that a text that grows need not be read again from the beginning.
    """
    pieces: list[str] = []
    start, size = 0, _PORTION
    while start + size <= len(text):
        finished = _finished(text[start : start + size])
        if finished:
            pieces.append(text[start : start + finished])
            start += finished
            size = _PORTION
        else:
            size *= 2
    return (*pieces, text[start:])


@lru_cache(_PORTIONS)
def _finished(portion: str) -> int:
    """Return where its last block begins, of which later lines may be part."""
    whole = portion[: portion.rfind("\n") + 1]
    starts = [t.map[0] for t in blocks_in(whole) if t.map and not t.level]
    if len(starts) < 2:  # noqa: PLR2004 - the last one may go on
        return 0
    return sum(len(line) + 1 for line in whole.split("\n")[: starts[-1]])
