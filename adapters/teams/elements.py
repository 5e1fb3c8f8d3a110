"""The parts of our cards, each from one node of the view. Pure.

Every function takes a `Plan`: how much room there is. What does not fit is cut, and
says so.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from adapters.teams import limits, tables, wording
from adapters.teams.markdown import (
    Element,
    clean,
    elements_of,
    escape,
    link,
    text_block,
    unmarked,
)
from adapters.teams.parse import APPROVE, CONTINUE, REJECT, STOP
from adapters.teams.plan import Plan
from bot.protocol.ids import TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.address import https_address
from bot.view.markdown import close_markdown, end_markdown
from bot.view.nodes import Account, ApprovalView, Entry, Step, StepStatus
from bot.view.steps import collapsed

DONE_STEPS = "done-steps"
_COLLAPSE_FROM = 3
_T = TypeVar("_T")

_GLYPHS: dict[StepStatus, str] = {
    "running": "⏳",
    "waiting": "⏸️",
    "done": "✅",
    "failed": "❌",
    "cancelled": "⏹️",
    "denied": "🚫",
    "aside": "↩️",
    "unknown": "❓",
}
_CARD_STYLES = {"good": "good", "neutral": "emphasis", "bad": "attention"}


def size_of(body: object) -> int:
    """Return the bytes that Teams counts: the JSON in UTF-16."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-16-le", "surrogatepass"))


def line(text: str, length: int) -> str:
    """Return ``text`` on one line, at most ``length`` long, as card Markdown."""
    return escape(shortened(" ".join(clean(text).split()), length)) or wording.EMPTY


def lines(text: str, length: int) -> str:
    """Return ``text`` on its lines, at most ``length`` long, as card Markdown."""
    return escape(shortened(clean(text).strip(), length)) or wording.EMPTY


def shortened(text: str, length: int) -> str:
    """Return ``text``, with an ellipsis for what is over ``length``."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def headline(text: str, plan: Plan) -> Element:
    """Return the card's first line."""
    return text_block(
        line(text, plan.line),
        weight="Bolder",
        size="Medium",
        style="heading",
    )


# ----------------------------------------------------------------------- account


def account(given: Account, plan: Plan) -> Iterator[Element]:
    """Yield how a turn ended: why, each part under its heading, and what follows."""
    if given.said:
        yield text_block(lines(given.said, plan.prose))
    for status, heading, entries in given.parts:
        yield {
            "type": "Container",
            "spacing": "Medium",
            "items": [
                text_block(f"{_GLYPHS[status]} {heading}", weight="Bolder"),
                *_entries(entries, plan),
            ],
        }
    if given.follows:
        yield text_block(lines(given.follows, plan.prose), spacing="Medium")


def _entries(entries: Sequence[Entry], plan: Plan) -> Iterator[Element]:
    for entry in entries[: plan.rows]:
        said = (entry.title, entry.agent, entry.reference)
        title = " · ".join(line(part, plan.line) for part in said if part)
        yield _columns("•", title, "", *_detail(entry.note, plan))
    yield from _left_out(entries, plan.rows)


# ------------------------------------------------------------------------- steps


def steps(all_steps: Sequence[Step], plan: Plan) -> Iterator[Element]:
    """Yield the steps: many done ones folded away, failed ones with their detail."""
    done = [step for step in all_steps if step.status == "done"]
    folded = len(done) >= _COLLAPSE_FROM
    if folded:
        yield from _folded(done, plan)
    open_steps = [s for s in all_steps if not (folded and s.status == "done")]
    # The newest matter most.
    if left_out := len(open_steps) - plan.rows:
        open_steps = open_steps[-plan.rows :]
    if left_out > 0:
        yield _subtle(wording.more(left_out))
    for step in open_steps:
        yield _row(step, plan)


def _detail(text: str, plan: Plan) -> Iterator[Element]:
    if text:
        yield text_block(lines(text, plan.prose), spacing="None", isSubtle=True)


def _folded(done: Sequence[Step], plan: Plan) -> Iterator[Element]:
    toggle = {"type": "Action.ToggleVisibility", "targetElements": [DONE_STEPS]}
    [all_done] = collapsed(tuple(done))
    said = (all_done.title, all_done.agent)
    title = " · ".join(line(part, plan.line) for part in said if part)
    yield {
        **_columns(_GLYPHS["done"], f"{title} ▾", ""),
        "selectAction": toggle,
    }
    rows = [_row(step, plan) for step in done[-plan.rows :]]
    if left_out := len(done) - len(rows):
        rows.insert(0, _subtle(wording.more(left_out)))
    yield {
        "type": "Container",
        "id": DONE_STEPS,
        "isVisible": False,
        "spacing": "None",
        "items": rows,
    }


def _row(step: Step, plan: Plan) -> Element:
    title = line(step.title, plan.line)
    if step.agent:
        title = f"{title} · {line(step.agent, plan.line)}"
    took = "" if step.seconds is None else wording.duration(step.seconds)
    detail = _detail(step.detail, plan)
    return _columns(_GLYPHS[step.status], title, took, *detail)


def _columns(glyph: str, title: str, right: str, *below: Element) -> Element:
    columns: list[Element] = [
        {"type": "Column", "width": "auto", "items": [text_block(glyph)]},
        {"type": "Column", "width": "stretch", "items": [text_block(title), *below]},
    ]
    if right:
        columns.append({"type": "Column", "width": "auto", "items": [_subtle(right)]})
    return {"type": "ColumnSet", "spacing": "Small", "columns": columns}


def _subtle(text: str) -> Element:
    return text_block(text, isSubtle=True, size="Small")


# -------------------------------------------------------------------------- text


def answer(text: str, room: int, *, streaming: bool) -> list[Element]:
    """Return what the model wrote so far, in at most ``room`` bytes."""
    length = min(len(text), limits.TEXT_CHARS)
    note = _subtle(wording.CUT)
    while length > 0:
        whole = length == len(text)
        closed = close_markdown if streaming or not whole else end_markdown
        shown = elements_of(closed(text if whole else _cut(text, length)))
        if not whole:
            shown.append(note)
        size = size_of(shown)
        if size <= room:
            return shown
        if whole and size_of(plain := [text_block(escape(text))]) <= room:
            return plain  # unformatted rather than cut: no page of an answer is longer
        # Sizes grow about as lengths do.
        length = min(length * room // size, length - 1 - length // 20)
    return [note] if text.strip() else []


def _cut(text: str, length: int) -> str:
    """Cut between two words if there is a space near enough."""
    kept = text[:length]
    at = max(kept.rfind("\n", length // 2), kept.rfind(" ", length // 2))
    return kept[:at] if at > 0 else kept


def notices(texts: Sequence[str], plan: Plan) -> Iterator[Element]:
    """Yield what else must be said."""
    for text in _first(texts, plan):
        yield text_block(lines(text, plan.prose))
    yield from _left_out(texts, plan.blocks)


def sources(cited: Sequence[Source], plan: Plan) -> Iterator[Element]:
    """Yield what the answer rests on, in one line."""
    if not cited:
        return
    names = [line(source.title or source.ref, plan.line) for source in cited]
    shown = " · ".join(_first(names, plan))
    yield _subtle(f"{wording.SOURCES}: {shown}")
    yield from _left_out(names, plan.blocks)


def footer(text: str, plan: Plan) -> Element:
    """Return the small print."""
    return _subtle(lines(text, plan.prose))


# --------------------------------------------------------- results and decisions


def results(cards: Sequence[CardData], plan: Plan) -> Iterator[Element]:
    """Yield structured results."""
    for card in _first(cards, plan):
        items = [text_block(line(card.title, plan.line), weight="Bolder")]
        items += _facts(card.facts, plan)
        items += tables.body(card, plan)
        if card.note:
            items.append(text_block(lines(card.note, plan.prose)))
        if address := https_address(card.link):
            items.append(text_block(link(address)))
        yield {
            "type": "Container",
            "style": _CARD_STYLES[card.tone],
            "spacing": "Medium",
            "items": items,
        }
    yield from _left_out(cards, plan.blocks)


def approvals(requests: Sequence[ApprovalView], plan: Plan) -> Iterator[Element]:
    """Yield requests: with buttons for who may decide, else with what became of them."""
    for number, request in enumerate(_first(requests, plan), start=1):
        yield {
            "type": "Container",
            "separator": True,
            "spacing": "Medium",
            "items": list(_request(request, number, plan)),
        }
    yield from _left_out(requests, plan.blocks)


def _request(request: ApprovalView, number: int, plan: Plan) -> Iterator[Element]:
    yield text_block(line(request.title, plan.line), weight="Bolder")
    yield from _facts(request.facts, plan)
    if request.status:
        yield text_block(lines(request.status, plan.prose))
    if not request.can_decide:
        return
    if not _is_whole(request, plan):
        # Nobody decides on what they cannot read.
        yield text_block(wording.UNDECIDABLE, color="Attention")
        return
    # Input ids are unique within a card; the data tells which one belongs here.
    reason = "reason" if number == 1 else f"reason{number}"
    data = {"a": request.approval_id, "h": request.args_hash, "r": reason}
    yield {
        "type": "Input.Text",
        "id": reason,
        "label": wording.REASON,
        "isMultiline": True,
        "maxLength": limits.REASON_CHARS,
    }
    yield {
        "type": "ActionSet",
        "actions": [
            _execute(wording.APPROVE, APPROVE, data, style="positive"),
            _execute(wording.REJECT, REJECT, data, style="destructive"),
        ],
    }


def _is_whole(request: ApprovalView, plan: Plan) -> bool:
    return (
        len(request.title) <= plan.line
        and len(request.facts) <= plan.rows
        and all(
            len(fact.label) <= plan.line and len(fact.value) <= plan.prose
            for fact in request.facts
        )
    )


def stop(turn: TurnId) -> Element:
    """Return the button that stops a turn."""
    data = {"t": turn}
    # A half-written reason is none of its business.
    return {**_execute(wording.STOP, STOP, data), "associatedInputs": "none"}


def go_on(turn: TurnId) -> Element:
    """Return the button that lets another turn go on with a long answer."""
    data = {"t": turn}
    return {**_execute(wording.CONTINUE, CONTINUE, data), "associatedInputs": "none"}


def _execute(
    title: str, verb: str, data: Mapping[str, str], *, style: str = "default"
) -> Element:
    return {
        "type": "Action.Execute",
        "title": title,
        "verb": verb,
        "data": data,
        "style": style,
    }


def _facts(facts: Sequence[Fact], plan: Plan) -> Iterator[Element]:
    if not facts:
        return
    yield {
        "type": "FactSet",
        "facts": [
            {
                "title": line(fact.label, plan.line),
                "value": lines(fact.value, plan.prose),
            }
            for fact in facts[: plan.rows]
        ],
    }
    yield from _left_out(facts, plan.rows)


def _first(things: Sequence[_T], plan: Plan) -> Iterable[_T]:
    return things[: plan.blocks]


def _left_out(things: Sequence[object], shown: int) -> Iterator[Element]:
    if len(things) > shown:
        yield _subtle(wording.more(len(things) - shown))


def summary(text: str) -> str:
    """Return what a notification says."""
    one_line = " ".join(unmarked(text).split())
    return shortened(one_line, limits.SUMMARY_CHARS) or wording.EMPTY
