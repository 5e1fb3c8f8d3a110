"""Show half-written Markdown without half-written marks. Pure.

Text that streams in is cut anywhere: inside a fence, between two asterisks, in the
middle of a link. `close_markdown` returns what can be shown of it. It drops a few
characters at the end or adds closing marks there, and leaves finished text alone: what
people see only grows.

Two steps: find the block in which the text ends (`_last_block`, by the parser), then
close either its fence or the marks of its inline text. Those are scanned here: a parser
does not tell what is open.
"""

import re
from dataclasses import dataclass, field

from bot.view.outline import without_unsure_rows
from bot.view.parser import blocks_in, pieces_of

_CONTAINER = r"[ \t]*(?:(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))[ \t]*)*"
"""Quote and list marks before a block."""
_FENCE = re.compile(rf"({_CONTAINER})(?:`{{3}}|~{{3}})")
_LEAVES = {"inline", "fence", "code_block", "hr"}
_BLOCK = re.compile(rf"{_CONTAINER}(?:\#{{1,6}}[ \t]+|\|)?")
_RULE = re.compile(r"[ \t]{0,3}([*_-])(?:[ \t]*\1){2,}[ \t]*")
_UNBORN_BLOCK = re.compile(r"[ \t]*(?:>[ \t]*)*(?:\#{1,6}|[-+*]|--|={1,2})[ \t]*")
"""A last line that is nothing yet: a heading's, a list item's or a rule's beginning."""
_UNBORN_MARK = re.compile(r"(?:^|(?<=[\s(\"'“]))(?:[*_~`]|!?\[|!(?=\[))+(?=\s*$)")
"""Marks at the end with nothing behind them."""
_UNBORN_URL = re.compile(r"<(?:https?|mailto):[^\s<>]*$")
_TICKS = re.compile(r"`+")
_DESTINATION = re.compile(
    r"\(\s*(?:<[^<>\n]*>|[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)
_PASSES = 8
_LONGEST_LABEL = 120
"""A bracket left open this far back is a bracket, not a link being written."""


def close_markdown(text: str) -> str:
    """Return ``text`` with what is left open at its end closed or cut off.

    Fences, code spans, emphasis and strike-through are closed; a link without its
    whole address shows its text; marks with nothing behind them go. Calling it again
    changes nothing, and CommonMark with nothing left open comes back unchanged: so a
    label that ends the text keeps its brackets, for they may be all there is.
    """
    # What is dropped may uncover another beginning: "- **" is first "- ", then "".
    for _ in range(_PASSES):
        closed = _close_once(without_unsure_rows(text))
        if closed == text:
            break
        text = closed
    return text


def end_markdown(text: str) -> str:
    """Return ``text``, to which nothing is added, with its last marks closed.

    It may have been left half written; but where a closing mark is not enough, it stays
    as it is: nothing of it is dropped.
    """
    closed = close_markdown(text)
    return closed if closed.startswith(text.rstrip()) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is open at the end of one block's text."""

    closing: str
    opening: str
    """Opens the same again, where the text goes on."""
    fragile: bool
    """Whether it ends within code or a link, which do not survive a cut."""


def open_marks(text: str) -> Marks:
    """Return the marks that are open at the end of one block's ``text``."""
    scan = _scan(text)
    code = ""
    if scan.code >= 0 and (found := _TICKS.match(text, scan.code)):
        code = found[0]
    runs = [run.mark * run.count for run in scan.runs]
    return Marks(
        closing="".join([code, *reversed(runs)]),
        # Opened twice says no more than once, and many tildes would begin a fence.
        opening="".join([*dict.fromkeys(runs), code]),
        fragile=bool(code or scan.link) or _label_begun(scan) >= 0,
    )


def first_open(text: str) -> int:
    """Return where, in one block's ``text``, a link or code begins that is not ended.

    A label counts while an address may follow it, or what cannot be read as one; all
    of ``text`` is certain when its length is returned.
    """
    scan = _scan(text)
    begun = [*scan.brackets[:1], *scan.pending]
    if scan.code >= 0:
        begun.append(scan.code)
    if scan.closed and scan.closed[1] == len(text) - 1:
        begun.append(scan.closed[0])
    at = min(begun, default=len(text))
    return at - text.startswith("!", at - 1) if 0 < at < len(text) else at


def _close_once(text: str) -> str:
    block = _last_block(text)
    if block.fence:
        return _close_fence(text, block)
    line = text[text.rfind("\n") + 1 :]
    if _RULE.fullmatch(line):
        return text
    if line.strip() and _UNBORN_BLOCK.fullmatch(line):
        return _before(text, len(text) - len(line))
    return text[: block.start] + _close_inline(text[block.start :])


def _before(text: str, end: int) -> str:
    """Return what is to be shown of ``text`` without its last block."""
    kept = text[:end]
    body = kept.rstrip("\n")
    return _close_once(body) + kept[len(body) :]


# ---------------------------------------------------------------------- the block


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Where the text ends."""

    start: int
    """Where the inline text begins, or the line that opens the fence."""
    fence: str = ""
    """The marks that would close it, quote marks included."""
    content: int = 0
    """Where the fence's content begins."""


def _last_block(text: str) -> _Block:
    piece = pieces_of(text)[-1]
    leaves = [t for t in blocks_in(piece) if t.map and t.type in _LEAVES]
    body = piece.rstrip()
    if not leaves or leaves[-1].map is None:
        return _Block(start=len(text))
    leaf, lines = leaves[-1], piece.split("\n")
    line = lines[leaves[-1].map[0]]
    before = sum(len(words) + 1 for words in lines[: leaves[-1].map[0]])
    start = len(text) - len(piece) + before
    if leaf.type == "fence" and not _closes(leaf.markup, line, body[before:]):
        opened = _FENCE.match(line)
        quote = re.sub(r"[^> \t]", " ", opened[1] if opened else "")
        content = min(start + len(line) + 1, len(text))
        return _Block(start=start, fence=quote + leaf.markup, content=content)
    if leaf.type != "inline" or piece[len(body) :].count("\n") > 1:
        return _Block(start=len(text))
    mark = _BLOCK.match(line)
    return _Block(start=start + (mark.end() if mark else 0))


def _closes(marks: str, first: str, code: str) -> bool:
    """Return whether ``code``, which begins with ``first``, ends with its own end."""
    last = code[code.rfind("\n") + 1 :].strip(" \t>")
    begun = len(code) > len(first)
    return begun and len(last) >= len(marks) and set(last) == {marks[0]}


def _close_fence(text: str, block: _Block) -> str:
    content = text[block.content :]
    mark = block.fence.strip(" \t>")[0]
    body, newline, last = content.rpartition("\n")
    if last.strip(" \t>") and not last.strip(f" \t>{mark}"):
        content = body + newline  # the closing fence is being written
    if not content.strip(" \t\r\n>") or "\n" not in text[block.start :]:
        return _before(text, block.start)
    shown = text[: block.content] + content
    return shown + ("" if shown.endswith("\n") else "\n") + block.fence


# --------------------------------------------------------------------- the inline


@dataclass(slots=True)
class _Run:
    """Marks of emphasis that wait for their partners."""

    mark: str
    count: int


@dataclass(slots=True)
class _Scan:
    """What is open at the end of a piece of inline text."""

    text: str
    at: int = 0
    runs: list[_Run] = field(default_factory=list[_Run])
    brackets: list[int] = field(default_factory=list[int])
    code: int = -1
    """Where the backticks of an open code span begin."""
    link: tuple[int, int] | None = None
    """Brackets of a link whose address is being written."""
    closed: tuple[int, int] | None = None
    """The brackets that were paired last."""
    pending: list[int] = field(default_factory=list[int])
    """Labels before what is no address, or not yet."""


def _close_inline(text: str) -> str:
    text = _without_unborn(text)
    scan = _scan(text)
    if scan.link:
        opened, closed = scan.link
        return _close_inline(_without_bracket(text[:closed], opened))
    if scan.code >= 0:
        return _close_code(scan)
    if (opened := _label_begun(scan)) >= 0:
        return _close_inline(_without_bracket(text, opened))
    return _close_runs(text, scan.runs)


def _without_unborn(text: str) -> str:
    while True:
        shorter = _UNBORN_URL.sub("", _UNBORN_MARK.sub("", text))
        if shorter == text:
            return text
        text = shorter


def _without_bracket(text: str, opened: int) -> str:
    image = opened > 0 and text[opened - 1] == "!"
    return text[: opened - image] + text[opened + 1 :]


def _label_begun(scan: _Scan) -> int:
    """Return where a link's text begins that is still being written, or -1."""
    for opened in reversed(scan.brackets):
        rest = scan.text[opened + 1 :]
        before = scan.text[opened - 1 : opened]
        if len(rest) > _LONGEST_LABEL or before.isalnum() or rest[:1].isspace():
            continue
        if not re.search(r"[\n)]", rest):
            return opened
    return -1


def _close_code(scan: _Scan) -> str:
    marks = _TICKS.match(scan.text, scan.code)
    assert marks is not None, "a code span begins with backticks"
    content = scan.text[marks.end() :].rstrip("`")
    if not content.strip():
        return _close_inline(scan.text[: scan.code])
    body = content.rstrip()
    span = scan.text[: marks.end()] + body + marks[0]
    return _close_runs(span + content[len(body) :], scan.runs)


def _close_runs(text: str, runs: list[_Run]) -> str:
    if not runs:
        return text
    body = text.rstrip()
    tail = text[len(body) :]
    if len(body) - len(body.rstrip("\\")) & 1:
        body = body[:-1]
    return body + "".join(run.mark * run.count for run in reversed(runs)) + tail


def _scan(text: str) -> _Scan:
    scan = _Scan(text)
    while scan.at < len(text) and scan.code < 0 and scan.link is None:
        _step(scan)
    return scan


def _step(scan: _Scan) -> None:
    match scan.text[scan.at]:
        case "\\":
            scan.at += 2
        case "`":
            _pass_code(scan)
        case "[":
            scan.brackets.append(scan.at)
            scan.at += 1
        case "]":
            _pass_bracket(scan)
        case "*" | "_" | "~":
            _pass_run(scan)
        case _:
            scan.at += 1


def _pass_code(scan: _Scan) -> None:
    marks = _TICKS.match(scan.text, scan.at)
    assert marks is not None, "we stand on a backtick"
    for other in _TICKS.finditer(scan.text, marks.end()):
        if other[0] == marks[0]:
            scan.at = other.end()
            return
    scan.code = scan.at


def _pass_bracket(scan: _Scan) -> None:
    closed = scan.at
    scan.at += 1
    if not scan.brackets:
        return
    opened = scan.brackets.pop()
    scan.closed = opened, closed
    if not scan.text.startswith("(", scan.at):
        return
    if address := _DESTINATION.match(scan.text, scan.at):
        scan.at = address.end()
        return
    scan.pending.append(opened)
    if not re.search(r"\)|\n", scan.text[scan.at :]):
        scan.link = (opened, closed)


def _pass_run(scan: _Scan) -> None:
    text, begin = scan.text, scan.at
    mark = text[begin]
    while scan.at < len(text) and text[scan.at] == mark:
        scan.at += 1
    count = scan.at - begin
    opens, closes = _flanks(text[begin - 1 : begin], text[scan.at : scan.at + 1])
    if closes:
        count = _match_runs(scan.runs, mark, count)
    if opens and count and (mark != "~" or count > 1):
        scan.runs.append(_Run(mark, count))


def _match_runs(runs: list[_Run], mark: str, count: int) -> int:
    """Pair off marks, innermost first; return how many found no partner."""
    while count and any(run.mark == mark for run in runs):
        while runs[-1].mark != mark:
            runs.pop()
        paired = min(count, runs[-1].count)
        count -= paired
        runs[-1].count -= paired
        if not runs[-1].count:
            runs.pop()
    return count


def _flanks(before: str, after: str) -> tuple[bool, bool]:
    """Return whether marks between these two characters may open and may close.

    As CommonMark says, but asterisks inside a word open nothing: while text is being
    written they are more likely a product than emphasis.
    """
    space_before, space_after = not before.strip(), not after.strip()
    word_before, word_after = before.isalnum(), after.isalnum()
    opens = not space_after and not word_before
    closes = not space_before and (not word_after or not opens)
    if opens and closes:  # punctuation on both sides
        opens = word_after or space_before or not word_before
    return opens, closes
