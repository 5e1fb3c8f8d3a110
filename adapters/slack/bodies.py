"""A card's table and steps to follow, as one block of Slack's. Pure.

Slack takes one `table` block in a message and puts it at its end, where nobody knows
which card it belongs to. So a table is written in letters of one width, below its
card's facts.
"""

from collections.abc import Iterator, Sequence

from adapters.slack import escape, limits, wording
from adapters.slack.blocks import Block
from bot.protocol.values import CardData

_GAP = "  "


def body(card: CardData) -> list[Block]:
    """Return the block with the table and the steps of ``card``, if it has some."""
    elements = [*_table(card.columns, card.rows), *_steps(card.steps)]
    return [{"type": "rich_text", "elements": elements}] if elements else []


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Block]:
    lines = [columns, *rows] if columns else [*rows]
    if not rows:
        return
    cells = [
        [_cell(text) for text in line[: limits.TABLE_COLUMNS]]
        for line in lines[: limits.TABLE_ROWS]
    ]
    widths = [
        max((len(line[n]) for line in cells if n < len(line)), default=0)
        for n in range(limits.TABLE_COLUMNS)
    ]
    shown = [
        _GAP.join(cell.ljust(widths[n]) for n, cell in enumerate(line)).rstrip()
        for line in cells
    ]
    yield from _text("rich_text_preformatted", _fitting(shown, len(lines)))


def _fitting(lines: Sequence[str], whole: int) -> str:
    """Return the lines that fit, and how many do not."""
    room, kept = limits.TABLE, list[str]()
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    if left := whole - len(kept):
        kept.append(wording.more(left, "rows"))
    return "\n".join(kept)


def _cell(text: str) -> str:
    return escape.fit(escape.one_line(text), limits.TABLE_CELL) or wording.EMPTY


def _steps(steps: Sequence[str]) -> Iterator[Block]:
    if not steps:
        return
    shown = [
        escape.fit(escape.one_line(step), limits.FOLLOW) or wording.EMPTY
        for step in steps[: limits.FOLLOWED]
    ]
    yield {
        "type": "rich_text_list",
        "style": "ordered",
        "elements": [part for text in shown for part in _text(_SECTION, text)],
    }
    if left := len(steps) - len(shown):
        yield from _text(_SECTION, wording.more(left, "steps"))


_SECTION = "rich_text_section"


def _text(kind: str, text: str) -> Iterator[Block]:
    yield {"type": kind, "elements": [{"type": "text", "text": text}]}
