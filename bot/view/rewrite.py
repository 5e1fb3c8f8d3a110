"""Write parsed Markdown anew, in the dialect that a platform reads. Pure.

What is written depends on the structure that was read and not on how it looked, so a
platform's own reader, which is never quite the same, cannot take it for something else.
And it is *steady*: what is written for a text stands at the beginning of what is
written for the same text grown longer, once its end is settled (`bot.view.settle`).
Therefore nothing here looks ahead: no lengths of fences, no loose or tight lists.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it.token import Token

from bot.view.parser import blocks_in, pieces_of, spans_in

_PIECES = 2048
"""Finished parts of texts whose writing is remembered."""
_LISTS = {"bullet_list", "ordered_list"}
_INFO = re.compile(r"[\w+#.-]{1,30}")
_FENCE_INSIDE = re.compile(r"``(?=`)")
_STARTS = re.compile(r"[-+#](?=\s|$)|\*(?=\s)|#{2,6}(?=\s|$)|```|~~~")
"""What begins a block at the beginning of a line, but was read as words there."""
_BREAK = "\u200b"
_COLUMNS = 20
"""A wider table is shown as fixed-width text. Source: Slack's table block."""
_ROWS = 99
"""Then the header comes again. Source: the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a platform wants characters written."""

    text: Callable[[str], str]
    """Plain words, whatever they contain. Works character by character."""
    code: Callable[[str], str]
    """What stands in code. Works character by character."""
    link: Callable[[str, str], str]
    """A label, written already, and where it leads."""


@dataclass(frozen=True, slots=True)
class _Node:
    token: Token
    children: list["_Node"] = field(default_factory=list["_Node"])

    @property
    def type(self) -> str:
        return self.token.type.removesuffix("_open")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes the blocks of one piece."""

    dialect: Dialect
    lines: Sequence[str]
    cut: Callable[[str], str] | None
    """Shortens the paragraph that is still being written; ``None``: none is."""
    last: Token | None


def rewrite(text: str, dialect: Dialect) -> str:
    """Return ``text`` in ``dialect``; what is finished is remembered."""
    written = [_piece(piece, dialect) for piece in pieces_of(text)]
    return "\n\n".join(part for part in written if part)


def rewrite_open(text: str, dialect: Dialect, cut: Callable[[str], str]) -> str:
    """Return what is certain of ``text``, which goes on.

    Args:
        text: Ends where a line may end.
        dialect: How to write it.
        cut: Leaves out what is not certain at the end of a paragraph.
    """
    *done, last = pieces_of(text)
    written = [_piece(piece, dialect) for piece in done]
    written.append(_open_piece(last, dialect, cut))
    return "\n\n".join(part for part in written if part)


@lru_cache(_PIECES)
def _piece(text: str, dialect: Dialect) -> str:
    tokens = blocks_in(text)
    writer = _Writer(dialect=dialect, lines=text.split("\n"), cut=None, last=None)
    return _blocks(writer, _nested(tokens), tight=False)


def _open_piece(text: str, dialect: Dialect, cut: Callable[[str], str]) -> str:
    tokens = blocks_in(text)
    leaves = [t for t in tokens if t.type in {"inline", "fence", "code_block", "hr"}]
    last = leaves[-1] if leaves else None
    body = text.rstrip()
    ended = text[len(body) :].count("\n") > 1
    writer = _Writer(
        dialect=dialect,
        lines=text.split("\n"),
        cut=None if ended else cut,
        last=last,
    )
    written = _blocks(writer, _nested(tokens), tight=False)
    if (
        last is not None
        and last.type in {"fence", "code_block"}
        and not _ended(last, text)
    ):
        written = written.removesuffix("```").rstrip()
    return written


def _ended(code: Token, text: str) -> bool:
    """Return whether nothing more can come into the code that ends ``text``."""
    if code.type == "code_block" or code.map is None:
        return False
    lines = text.rstrip().split("\n")
    closing = lines[-1].strip(" >")
    whole = len(lines) - code.map[0] > 1 and text.rstrip() != text
    return (
        whole and len(closing) >= len(code.markup) and set(closing) == {code.markup[0]}
    )


def _nested(tokens: Sequence[Token]) -> list[_Node]:
    top: list[_Node] = []
    stack = [top]
    for token in tokens:
        if token.nesting < 0:
            stack.pop()
            continue
        node = _Node(token)
        stack[-1].append(node)
        if token.nesting > 0:
            stack.append(node.children)
    return top


# ------------------------------------------------------------------------ blocks


def _blocks(writer: _Writer, nodes: Sequence[_Node], *, tight: bool) -> str:
    written = ""
    for node in nodes:
        part = _block(writer, node)
        if part and written:
            close = tight and node.type in _LISTS | {"fence"}
            close = close and not _apart(writer, node)
            written += "\n" if close else "\n\n"
        written += part
    return written


def _apart(writer: _Writer, node: _Node) -> bool:
    """Return whether an empty line stands before ``node``."""
    start = node.token.map[0] if node.token.map else 0
    return start > 0 and not writer.lines[start - 1].strip(" >")


def _block(writer: _Writer, node: _Node) -> str:
    match node.type:
        case "paragraph":
            return _paragraph(writer, node.children[0].token)
        case "heading":
            title = _words(node.children[0].token.content, writer.dialect, plain=True)
            return f"**{title}**" if title else ""
        case "fence" | "code_block":
            return _code(writer, node.token)
        case "bullet_list" | "ordered_list":
            return _list(writer, node)
        case "blockquote":
            inside = _blocks(writer, node.children, tight=True)
            return _indented(inside, "> ", "> ") if inside else ""
        case "table":
            return _table(writer, node)
        case _:
            return ""


def _paragraph(writer: _Writer, token: Token) -> str:
    content = token.content
    if token is writer.last and writer.cut:
        content = writer.cut(content)
    return _words(content, writer.dialect)


def _code(writer: _Writer, token: Token) -> str:
    content = writer.dialect.code(token.content).rstrip("\n ")
    content = _FENCE_INSIDE.sub(f"``{_BREAK}", content)
    info = _INFO.match(token.info.strip())
    return f"```{info[0] if info else ''}\n{content}\n```"


def _indented(text: str, first: str, following: str) -> str:
    head, *rest = text.split("\n")
    lines = [
        first + head,
        *(following + line if line else following.rstrip() for line in rest),
    ]
    return "\n".join(lines)


def _list(writer: _Writer, node: _Node) -> str:
    number = int(node.token.attrs.get("start", 1))
    written = ""
    for place, item in enumerate(node.children):
        ordered = node.type == "ordered_list"
        mark = f"{number + place}{item.token.markup} " if ordered else "- "
        body = _blocks(writer, item.children, tight=True)
        if not body:
            continue
        if written:
            written += "\n\n" if _apart(writer, item) else "\n"
        written += _indented(body, mark, " " * len(mark))
    return written


def _table(writer: _Writer, node: _Node) -> str:
    rows = [row for part in node.children for row in part.children]
    head = rows[0]
    cells = [[_cell(writer, cell) for cell in row.children] for row in rows]
    if len(head.children) > _COLUMNS:
        plain = "\n".join(" | ".join(row).rstrip(" |") for row in cells)
        return f"```\n{_FENCE_INSIDE.sub(f'``{_BREAK}', plain)}\n```"
    rule = [_rule(str(cell.token.attrs.get("style", ""))) for cell in head.children]
    parts: list[str] = []
    for start in range(0, max(1, len(cells) - 1), _ROWS):
        body = cells[1:][start : start + _ROWS]
        parts.append("\n".join(map(_row, [cells[0], rule, *body])))
    return "\n\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    kept = list(cells)
    while len(kept) > 1 and not kept[-1]:
        kept.pop()
    return f"| {' | '.join(kept)} |"


def _cell(writer: _Writer, node: _Node) -> str:
    content = node.children[0].token.content if node.children else ""
    return _words(content, writer.dialect).replace("\n", " ").replace("|", "\\|")


def _rule(style: str) -> str:
    left = style.endswith(("left", "center"))
    right = style.endswith(("right", "center"))
    return f"{':' if left else '-'}-{':' if right else '-'}"


# ------------------------------------------------------------------------ inline


@lru_cache(_PIECES)
def _words(content: str, dialect: Dialect, *, plain: bool = False) -> str:
    """Return a block's text; ``plain``: it is shown bold as a whole already."""
    out: list[str] = []
    links: list[tuple[str, list[str]]] = []
    for token in spans_in(content):
        if token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), out))
            out = []
        elif token.type == "link_close":
            address, before = links.pop()
            before.append(dialect.link("".join(out).strip(), address))
            out = before
        else:
            _append(out, _span(token, dialect, plain=plain))
    return "".join(out).strip()


def _append(out: list[str], part: str) -> None:
    """Append to a line; what would make a link or a block of it is broken up."""
    if not part:
        return
    before = next((p for p in reversed(out) if p), "\n" if out else "")
    if before.endswith("\n") and _STARTS.match(part):
        part = f"\\{part}"
    if before.endswith("]") and part[0] in "(:":
        part = f"\\{part}"
    out.append(part)


def _span(token: Token, dialect: Dialect, *, plain: bool) -> str:
    match token.type:
        case "text" | "html_inline":
            return _text(token.content, dialect, plain=plain)
        case "text_special":
            return _special(token, dialect, plain=plain)
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "  \n"
        case "code_inline":
            return _code_span(token, dialect)
        case "image":
            return dialect.link(
                _text(token.content, dialect, plain=plain).strip(),
                str(token.attrs.get("src", "")),
            )
        case _:  # the marks of emphasis
            return "" if plain else token.markup


def _text(text: str, dialect: Dialect, *, plain: bool) -> str:
    if plain:
        text = text.replace("*", "∗")  # noqa: RUF001 - the point is that it is another
    return dialect.text(text).replace("](", "]\\(").replace("]:", "]\\:")


def _special(token: Token, dialect: Dialect, *, plain: bool) -> str:
    """Return a character that was written as an escape or as an entity."""
    char = token.content
    if token.markup == "&amp;":
        return "&amp;"
    written = _text(char, dialect, plain=plain)
    if written == char and len(char) == 1 and char.isascii() and not char.isalnum():
        return f"\\{char}" if not char.isspace() else char
    return written


def _code_span(token: Token, dialect: Dialect) -> str:
    content = dialect.code(token.content)
    pad = " " if "`" in (content[:1], content[-1:]) else ""
    return f"{token.markup}{pad}{content}{pad}{token.markup}"
