"""A card's table and steps to follow, as elements of an Adaptive Card. Pure."""

from collections.abc import Iterator, Sequence

from adapters.teams import wording
from adapters.teams.markdown import Element, clean, escape, text_block
from adapters.teams.plan import Plan
from bot.protocol.values import CardData

_MOST_COLUMNS = 5


def body(card: CardData, plan: Plan) -> Iterator[Element]:
    """Yield the table and the steps of ``card``, as far as ``plan`` lets them."""
    if card.rows:
        yield _table(card.columns, card.rows[: plan.rows], plan)
        yield from _left_out(len(card.rows) - plan.rows)
    for number, step in enumerate(card.steps[: plan.rows], start=1):
        yield text_block(f"{number}\\. {_line(step, plan.line)}", spacing="Small")
    yield from _left_out(len(card.steps) - plan.rows)


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], plan: Plan
) -> Element:
    width = min(max(map(len, [columns, *rows])), _MOST_COLUMNS)
    lines = [columns, *rows] if columns else [*rows]
    return {
        "type": "Table",
        "firstRowAsHeader": bool(columns),
        "columns": [{"width": 1}] * width,
        "rows": [
            {
                "type": "TableRow",
                "cells": [_cell(text, plan) for text in _filled(line, width)],
            }
            for line in lines
        ],
    }


def _filled(line: Sequence[str], width: int) -> list[str]:
    return [*line, *[""] * width][:width]


def _cell(text: str, plan: Plan) -> Element:
    return {"type": "TableCell", "items": [text_block(_line(text, plan.line // 2))]}


def _line(text: str, length: int) -> str:
    flat = " ".join(clean(text).split())
    cut = flat if len(flat) <= length else f"{flat[: length - 1].rstrip()}…"
    return escape(cut) or wording.EMPTY


def _left_out(count: int) -> Iterator[Element]:
    if count > 0:
        yield text_block(wording.more(count), isSubtle=True, size="Small")
