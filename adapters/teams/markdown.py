"""What a model writes, CommonMark, as Adaptive Card elements. Pure.

Cards know bold, italics, flat lists and links, nothing else: no headings, no code, no
tables, no images, no HTML. Those become elements, or plain text. Everything a person
or a tool wrote is escaped, so that it cannot become any of this.

Mentions cannot fire: ``<at>`` is broken up wherever it comes from.

Source:
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it.tree import SyntaxTreeNode

from adapters.teams import limits
from bot.view.parser import pieces_of, tokens_in

Element = dict[str, Any]

_BREAK = "\N{ZERO WIDTH SPACE}"
_PIECES = 512
"""Finished parts of answers whose elements are remembered."""
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SPECIAL = re.compile(
    r"[\\`*\[\]<]"  # emphasis, code, links, HTML
    r"|(?<![^\W_])_|_(?![^\W_])"  # underscores at the edge of a word
    r"|~(?=~)|(?<=~)~"
    r"|&(?=#?\w+;)"  # entities
)
_LINE_START = re.compile(
    r"(?m)^([^\S\n]*)(#{1,6}(?=\s|$)|>|[-+](?=\s|$)|\d{1,9}(?=[.)](?:\s|$))|=+[^\S\n]*$|--)"
)
_AT = re.compile(r"<(?=/?at\b)", re.IGNORECASE)
_FUNCTION = re.compile(r"\{(?=\{(?:DATE|TIME)\()")
_UNSAFE_IN_URL = {c: f"%{ord(c):02X}" for c in ' ()<>[]"\\`{}|^'}


def clean(text: str) -> str:
    """Return ``text`` without characters that cannot or must not be shown.

    Control characters go, and those that make text read in another direction.
    """
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: str) -> str:
    """Return card Markdown that shows exactly ``text``, on as many lines."""
    return _defuse(_escape_starts(_escape_inside(clean(text))))


def link(address: str) -> str:
    """Return card Markdown of a link that shows where it leads."""
    return _link(_escape_inside(address), address)


def unmarked(text: str) -> str:
    """Return ``text`` for places that know no Markdown, such as text runs."""
    return _defuse(_FUNCTION.sub("{" + _BREAK, clean(text)))


def elements_of(text: str) -> list[Element]:
    """Return card elements that show ``text``, complete CommonMark."""
    text = clean(text)
    marks = sum(map(text.count, "*_`[]<&!|"))
    if marks > limits.MARKS_PARSED or text.count("\n") > limits.LINES_PARSED:
        return [text_block(escape(text))]
    shown: list[Element] = []
    ruled = False
    for piece in pieces_of(text):
        elements, rule_below = _piece(piece)
        if ruled and elements:
            elements = ({**elements[0], "separator": True}, *elements[1:])
        ruled = rule_below or (ruled and not elements)
        shown += elements
    return shown


@lru_cache(_PIECES)
def _piece(text: str) -> tuple[tuple[Element, ...], bool]:
    """Return the elements of whole blocks, and whether a rule stands below them.

    They are shared between messages: nobody may change them.
    """
    nodes = SyntaxTreeNode(tokens_in(text)).children
    ruled = bool(nodes) and nodes[-1].type == "hr"
    return tuple(_blocks(nodes, quoted=False)), ruled


def text_block(text: str, **properties: object) -> Element:
    """Return a TextBlock of ``text``, which is card Markdown already."""
    return {"type": "TextBlock", "text": text, "wrap": True, **properties}


def _escape_inside(text: str) -> str:
    # "{{DATE(…)}}" and "{{TIME(…)}}" are functions in cards.
    return _SPECIAL.sub(r"\\\g<0>", text).replace("{{", "{" + _BREAK + "{")


def _escape_starts(text: str) -> str:
    return _LINE_START.sub(_escaped_start, text)


def _escaped_start(match: re.Match[str]) -> str:
    indent, mark = match.groups()
    return f"{indent}{mark}\\" if mark.isdigit() else f"{indent}\\{mark}"


def _defuse(text: str) -> str:
    return _AT.sub("<" + _BREAK, text)


# ------------------------------------------------------------------------ blocks


def _blocks(nodes: Iterable[SyntaxTreeNode], *, quoted: bool) -> Iterator[Element]:
    ruled = False
    for node in nodes:
        if node.type == "hr":
            ruled = True
            continue
        for element in _block(node, quoted=quoted):
            yield {**element, "separator": True} if ruled else element
            ruled = False


def _block(node: SyntaxTreeNode, *, quoted: bool) -> Iterator[Element]:
    match node.type:
        case "paragraph":
            yield from _prose(_inline(node))
        case "heading":
            size = {"size": "Medium"} if node.tag in {"h1", "h2"} else {}
            yield from _prose(_inline(node, bold=True), weight="Bolder", **size)
        case "fence" | "code_block":
            yield code(node.content)
        case "bullet_list" | "ordered_list":
            yield from _list(node)
        case "blockquote" if not quoted:
            if inside := list(_blocks(node.children, quoted=True)):
                yield {"type": "Container", "style": "emphasis", "items": inside}
        case "table":
            yield from _table(node)
        case _:
            yield from _blocks(node.children, quoted=quoted)


def _prose(text: str, **properties: object) -> Iterator[Element]:
    finished = _defuse(_escape_starts(text)).strip()
    if finished:
        yield text_block(finished, **properties)


def code(text: str) -> Element:
    """Return ``text`` as a block in fixed-width letters, spaces kept."""
    lines = unmarked(text).expandtabs(4).rstrip("\n").split("\n")
    kept = [
        "\N{NO-BREAK SPACE}" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ")
        for line in lines
    ]
    run = {"type": "TextRun", "text": "\n".join(kept) or " ", "fontType": "Monospace"}
    return {
        "type": "Container",
        "style": "emphasis",
        "items": [{"type": "RichTextBlock", "inlines": [run]}],
    }


def _table(node: SyntaxTreeNode) -> Iterator[Element]:
    rows = [row for part in node.children for row in part.children]
    for number, row in enumerate(rows):
        cells = [_inline(cell, bold=number == 0) for cell in row.children]
        head = {"spacing": "None"} if number else {"weight": "Bolder"}
        yield from _prose(" | ".join(cells), **head)


# ------------------------------------------------------------------------- lists


def _list(node: SyntaxTreeNode) -> Iterator[Element]:
    """Yield the list as text, and code between its items as blocks of their own."""
    lines: list[str] = []
    for part in _items(node, indent=""):
        if isinstance(part, str):
            lines.append(part)
            continue
        yield from _lines(lines)
        yield part
        lines = []
    yield from _lines(lines)


def _lines(lines: Sequence[str]) -> Iterator[Element]:
    if lines:
        yield text_block(_defuse("\n".join(lines)))


def _items(node: SyntaxTreeNode, *, indent: str) -> Iterator[str | Element]:
    number = int(node.attrs.get("start", 1))
    for item in node.children:
        marker = "- " if node.type == "bullet_list" else f"{number}. "
        number += 1
        prose: list[str] = []
        rest: list[str | Element] = []
        for child in item.children:
            if child.type in {"bullet_list", "ordered_list"}:
                rest += _items(child, indent=indent + " " * len(marker))
            elif child.type in {"fence", "code_block"}:
                rest.append(code(child.content))
            else:
                prose += _flat(child)
        line = _escape_starts(" ".join(" ".join(prose).split()))
        if line or rest:
            yield f"{indent}{marker}{line}".rstrip()
        yield from rest


def _flat(node: SyntaxTreeNode) -> Iterator[str]:
    if any(child.type == "inline" for child in node.children):
        yield _inline(node)
        return
    if node.type in {"fence", "code_block"}:
        yield _escape_inside(node.content)
        return
    for child in node.children:
        yield from _flat(child)


# ------------------------------------------------------------------------ inline


def _inline(node: SyntaxTreeNode, *, bold: bool = False) -> str:
    """Return a block's text. ``bold``: it is shown bold as a whole already."""
    return "".join(
        _span(child, bold=bold) for part in node.children for child in part.children
    )


def _spans(node: SyntaxTreeNode, *, bold: bool) -> str:
    return "".join(_span(child, bold=bold) for child in node.children)


def _span(node: SyntaxTreeNode, *, bold: bool) -> str:
    match node.type:
        case "text" | "text_special" | "html_inline":
            return _escape_inside(node.content)
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "\n\n"
        case "code_inline":
            return _code_span(node.content, bold=bold)
        case "strong":
            inner = _spans(node, bold=True)
            return inner if bold else f"{node.markup}{inner}{node.markup}"
        case "em":
            return f"{node.markup}{_spans(node, bold=bold)}{node.markup}"
        case "link":
            return _link(_spans(node, bold=bold), str(node.attrs.get("href", "")))
        case "image":
            label = _escape_inside(node.content) or "image"
            return _link(label, str(node.attrs.get("src", "")))
        case _:
            return _spans(node, bold=bold)


def _code_span(content: str, *, bold: bool) -> str:
    escaped = _escape_inside(content)
    # Bold beside punctuation may not be read as bold; then better none at all.
    if bold or not (content[:1].isalnum() and content[-1:].isalnum()):
        return escaped
    return f"**{escaped}**"


def _link(label: str, target: str) -> str:
    """Return a link that says where it goes, or its label if it goes elsewhere."""
    try:
        parts = urlsplit(target)
        host = parts.hostname or ""
    except ValueError:
        return label
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return label
    url = "".join(_UNSAFE_IN_URL.get(c, c) for c in target)
    shown = f"[{label or _escape_inside(host)}]({url})"
    return shown if _tells(label, host) else f"{shown} ({_escape_inside(host)})"


def _tells(label: str, host: str) -> bool:
    """Return whether ``label`` is an address on ``host``, and nothing beside it."""
    address = re.fullmatch(
        r"(?:https?://)?([^\s/?#@\\:]+)(?::\d+)?(?:[/?#]\S*)?", label
    )
    return address is not None and address.group(1).lower() == host
