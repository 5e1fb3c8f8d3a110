"""An article in sections, one for each heading. Pure.

A section is what is found, shown to a model and cited. It begins at a heading and
keeps the path of headings above it; one that is too long goes on in further sections
under the same path. Headings in code are no headings: the Markdown is parsed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.knowledge.words import folded

LONGEST_SECTION = 1_500
"""Characters. About 350 tokens: three of them fit every model's appetite."""
BETWEEN_HEADINGS = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "

_markdown = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of an article."""

    headings: tuple[str, ...]
    """From the outermost, without the article's title; empty before the first."""
    text: str
    """Markdown, without the heading."""


def sections_of(title: str, body: str) -> tuple[Section, ...]:
    """Return the sections of an article, in order.

    A heading with nothing below it is no section; a heading that repeats the title is
    not part of any path.
    """
    lines = body.splitlines()
    found: list[Section] = []
    path: list[tuple[int, str]] = []
    blocks: list[str] = []
    for heading, start, end in _blocks(body):
        if heading is None:
            blocks.append("\n".join(lines[start:end]).strip("\n"))
            continue
        found += _sections(path, blocks)
        level, words = heading
        path = [(above, name) for above, name in path if above < level]
        if folded(words) != folded(title):
            path.append((level, words))
        blocks = []
    found += _sections(path, blocks)
    return tuple(found)


def name_of(title: str, headings: Sequence[str]) -> str:
    """Return how a section is cited: the title, then the headings down to it."""
    return BETWEEN_HEADINGS.join((title, *headings))


def _blocks(body: str) -> Iterator[tuple[tuple[int, str] | None, int, int]]:
    """Yield each block's heading, if it is one, and its lines."""
    tokens = _markdown.parse(body)
    for at, token in enumerate(tokens):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield _heading(tokens, at), token.map[0], token.map[1]


def _heading(tokens: Sequence[Token], at: int) -> tuple[int, str] | None:
    if tokens[at].type != "heading_open":
        return None
    inline = tokens[at + 1].children or []
    words = "".join(t.content or " " * (t.type == "softbreak") for t in inline)
    return int(tokens[at].tag[1:]), " ".join(words.split())


def _sections(
    path: Sequence[tuple[int, str]], blocks: Sequence[str]
) -> Iterator[Section]:
    headings = tuple(name for _, name in path if name)
    for text in _joined([piece for block in blocks for piece in _pieces(block)]):
        if text.strip():
            yield Section(headings=headings, text=text)


def _joined(pieces: Sequence[str]) -> Iterator[str]:
    """Yield pieces put together as far as they fit into one section."""
    text = ""
    for piece in pieces:
        if text and len(text) + 2 + len(piece) > LONGEST_SECTION:
            yield text
            text = ""
        text = f"{text}\n\n{piece}" if text else piece
    yield text


def _pieces(block: str) -> Iterator[str]:
    """Yield a block, at the ends of lines and in need of words if it is too long."""
    while len(block) > LONGEST_SECTION:
        head = block[:LONGEST_SECTION]
        cut = max(head.rfind("\n"), 0) or max(head.rfind(" "), 0) or LONGEST_SECTION
        yield block[:cut].rstrip()
        block = block[cut:].lstrip("\n ")
    yield block
