"""A `TurnView` as one Slack message: blocks and a short text. Pure.

Each part has its own ceiling, and the ceilings add up to less than Slack's; so no view
is too large to be shown. What is left out is counted, what is cut says so. Buttons
carry ids only, and the ids are no authority: the engine asks who pressed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

from adapters.slack import blocks, bodies, escape, limits, wording
from adapters.slack.blocks import Block
from bot.ports.surface import Payload
from bot.protocol.ids import TurnId
from bot.protocol.values import CardData, Source
from bot.view.markdown import close_markdown, end_markdown
from bot.view.nodes import (
    Account,
    ApprovalView,
    Entry,
    Mood,
    Step,
    StepStatus,
    TurnView,
)
from bot.view.pages import weight_of
from bot.view.steps import collapsed

APPROVE = "approval.approve"
REJECT = "approval.reject"
STOP = "turn.stop"
CONTINUE = "turn.continue"

_CARDS = 4
_APPROVALS = 4
_SOURCES = 8
_COLLAPSE_ABOVE = 3
"""So many finished steps are shown one by one."""

_MOODS: dict[Mood, str] = {
    "running": "⏳",
    "noted": "💬",
    "waiting": "⏸️",
    "done": "✅",
    "unsure": "⚠️",
    "failed": "❌",
    "cancelled": "⏹️",
}
_STEPS: dict[StepStatus, str] = {
    "running": "⏳",
    "waiting": "⏸️",
    "done": "✅",
    "failed": "❌",
    "cancelled": "⏹️",
    "denied": "🚫",
    "aside": "↩️",
    "unknown": "❓",
}
_TONES = {"good": "✅", "neutral": "📋", "bad": "⚠️"}
_INDENT = "\u2003\u2003"
"""Clients drop ordinary spaces at the beginning of a line."""
_ASKS = "🔔"
"""Stands before a headline whose reader is to decide."""


def render(view: TurnView) -> Payload:
    """Return the message for ``view``; equal views give equal payloads."""
    before = [
        *_title(view),
        *_account(view.account),
        *_steps(view.steps),
    ]
    after = [
        *_notices(view.notices),
        *_cards(view.cards),
        *_approvals(view.approvals),
        *_sources(view.sources),
        *([blocks.small(view.footer)] if view.footer.strip() else []),
        *_stop(view),
        *_continue(view),
    ]
    room = limits.MESSAGE - _size(before) - _size(after)
    text = _text(view, min(limits.MARKDOWN, max(limits.MARKDOWN_FLOOR, room)))
    body = {"text": _fallback(view), "blocks": [*before, *text, *after]}
    return Payload(body=body, digest=_digest(body))


def _title(view: TurnView) -> list[Block]:
    """Return the headline; a further page of an answer has none."""
    if view.text.strip() and not view.headline.strip():
        return []
    return [blocks.title(_mark(view), view.headline or view.summary)]


def _mark(view: TurnView) -> str:
    asks = any(approval.can_decide for approval in view.approvals)
    return _ASKS if asks else _MOODS[view.mood]


def asks(payload: Payload) -> bool:
    """Whether somebody is to decide by the message's buttons."""
    return any(
        element.get("action_id") == APPROVE
        for block in payload.body["blocks"]
        for element in block.get("elements", ())
    )


def plain_message(payload: Payload) -> Payload:
    """Return ``payload`` in the simplest blocks, for when Slack refuses its own."""
    shown = [*_words(payload.body["blocks"])] or [str(payload.body["text"])]
    parts = [part for words in shown for part in blocks.portions(words, limits.SECTION)]
    room = limits.PLAIN_MESSAGE - 500
    body = {
        "text": blocks.lines(shown, room, "lines"),
        "blocks": [blocks.section(text) for text in _filled(parts)[: limits.BLOCKS]],
    }
    return Payload(body=body, digest=payload.digest)


def _filled(parts: Iterable[str]) -> list[str]:
    """Return ``parts`` joined to as few sections as hold them."""
    sections: list[str] = []
    for part in parts:
        if sections and len(sections[-1]) + len(part) < limits.SECTION:
            sections[-1] += f"\n{part}"
        else:
            sections.append(part)
    return sections


def _digest(body: Mapping[str, object]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _size(parts: Iterable[Block]) -> int:
    return sum(len(words) for words in _words(list(parts)))


def _words(node: object) -> Iterable[str]:
    """Yield every text that a reader sees, in order."""
    match node:
        case {"text": str() as text}:
            yield text
        case dict():
            for inner in node.values():  # pyright: ignore[reportUnknownVariableType] - JSON
                yield from _words(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
        case list():
            for inner in node:  # pyright: ignore[reportUnknownVariableType] - JSON
                yield from _words(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
        case _:
            return


def _fallback(view: TurnView) -> str:
    said = escape.one_line(view.summary or view.headline)
    return escape.fit(said, limits.FALLBACK, escape=escape.mrkdwn) or wording.EMPTY


# ------------------------------------------------------------------------- parts


def _account(account: Account | None) -> list[Block]:
    """Return why it ended, then each part under its heading, then what follows."""
    if account is None:
        return []
    parts = [
        f"{_STEPS[status]} {escape.bold(heading)}\n{_entries(entries)}"
        for status, heading, entries in account.parts
    ]
    shown = [_paragraph(account.said), *parts, _paragraph(account.follows)]
    return [blocks.section(text) for text in shown if text]


def _paragraph(text: str) -> str:
    return escape.fit(
        escape.one_line(text), 2 * limits.FIELD, escape=escape.mrkdwn
    ).strip()


def _entries(entries: tuple[Entry, ...]) -> str:
    shown = [
        f"• {_line((entry.title, entry.agent, entry.reference), entry.note, wording.EMPTY)}"
        for entry in entries
    ]
    return blocks.lines(shown, limits.ACCOUNT, "entries")


def _steps(steps: tuple[Step, ...]) -> list[Block]:
    if not steps:
        return []
    if sum(step.status == "done" for step in steps) > _COLLAPSE_ABOVE:
        steps = collapsed(steps)
    entries = [_step(step) for step in steps]
    return [blocks.context(blocks.lines(entries, limits.CONTEXT, "steps"))]


def _step(step: Step) -> str:
    said = (step.title, step.agent, _duration(step.seconds))
    return f"{_STEPS[step.status]} {_line(said, step.detail, step.id)}"


def _line(said: tuple[str, ...], detail: str, unnamed: str) -> str:
    """Return one line of ``said``, and an indented one for the detail."""
    words = " · ".join(escape.one_line(part) for part in said if part.strip())
    line = escape.fit(words or unnamed, limits.FIELD, escape=escape.mrkdwn)
    if not detail.strip():
        return line
    more = escape.fit(escape.one_line(detail), limits.FIELD, escape=escape.mrkdwn)
    return f"{line}\n{_INDENT}{more}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 10:  # noqa: PLR2004 - below, tenths matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _text(view: TurnView, limit: int) -> list[Block]:
    """Return the text: formatted if that fits, as it is written, or cut."""
    text = escape.clean(view.text)
    text = close_markdown(text) if view.streaming else end_markdown(text)
    if not text.strip():
        return []
    if weight_of(text) > limits.MARKDOWN_FLOOR:  # no page is
        return _cut(text, limit)
    if not _is_dense(text) and len(shown := escape.markdown(text)) <= limit:
        return [_markdown(shown)] if shown else []
    return [blocks.literal(text)]


def _markdown(shown: str) -> Block:
    return {"type": "markdown", "text": shown}


def _is_dense(text: str) -> bool:
    """Return whether reading it would take long; nobody writes such on purpose."""
    return text.count("[") > limits.BRACKETS or text.count("\n") > limits.LINES


def _cut(text: str, limit: int) -> list[Block]:
    """Return as many of the first lines as ``limit`` characters hold."""
    # Escaping hardly ever shortens: far too long need not be tried.
    shown = escape.markdown(text) if len(text) <= 2 * limit else None
    raw = limit
    while shown is None or len(shown) > limit:
        shown = _shortened(text, raw)
        raw = min(raw - 1, raw * limit // max(len(shown), 1))
    return [_markdown(shown)] if shown else []


def _shortened(text: str, limit: int) -> str:
    kept = text[: max(0, limit - len(wording.CUT) - 2)]
    line, _, last = kept.rpartition("\n")
    whole = line if line and len(last) < len(kept) // 4 else kept
    return f"{escape.markdown(close_markdown(whole))}\n\n{wording.CUT}"


def _notices(notices: tuple[str, ...]) -> list[Block]:
    said = [escape.one_line(notice) for notice in notices]
    entries = [
        f"ℹ️ {escape.fit(notice, limits.FIELD, escape=escape.mrkdwn)}"  # noqa: RUF001 - the emoji
        for notice in said
        if notice
    ]
    if not entries:
        return []
    return [blocks.section(blocks.lines(entries, limits.SECTION, "notes"))]


def _cards(cards: tuple[CardData, ...]) -> list[Block]:
    shown = [block for card in cards[:_CARDS] for block in _card(card)]
    return shown + _left_out(len(cards) - _CARDS, "results")


def _card(card: CardData) -> list[Block]:
    body = bodies.body(card)
    # A table or steps take the place of a section of facts: what is allowed is full.
    facts = blocks.facts(card.facts, sections=1 if body else 2)
    parts = [blocks.title(_TONES[card.tone], card.title), *facts, *body]
    note = escape.one_line(card.note)
    words = escape.fit(note, 2 * limits.FIELD, escape=escape.mrkdwn)
    if small := [text for text in (words, escape.link(card.link)) if text]:
        parts.append(blocks.context(*small))
    return parts


def _approvals(approvals: tuple[ApprovalView, ...]) -> list[Block]:
    shown = [
        block
        for place, approval in enumerate(approvals[:_APPROVALS])
        for block in _approval(place, approval)
    ]
    return shown + _left_out(len(approvals) - _APPROVALS, "requests")


def _left_out(count: int, what: str) -> list[Block]:
    return [blocks.context(wording.more(count, what))] if count > 0 else []


def _approval(place: int, approval: ApprovalView) -> list[Block]:
    """Return the card. Its row of buttons is named after exactly what is decided."""
    parts = [blocks.title("🔐", approval.title), *blocks.facts(approval.facts)]
    value = _value(a=approval.approval_id, h=approval.args_hash)
    fits = len(value) <= limits.BUTTON_VALUE
    status = escape.one_line(approval.status)
    if approval.can_decide and not fits:
        status = f"{wording.UNDECIDABLE} {status}"
    words = escape.fit(status, 2 * limits.FIELD, escape=escape.mrkdwn)
    parts.append(blocks.context(words))
    if approval.can_decide and fits:
        name = hashlib.sha256(value.encode()).hexdigest()[:32]
        approve = blocks.button(
            wording.APPROVE, action=APPROVE, value=value, style="primary"
        )
        reject = blocks.button(wording.REJECT, action=REJECT, value=value)
        parts.append(blocks.actions(f"approval:{place}:{name}", approve, reject))
    return parts


def _sources(sources: tuple[Source, ...]) -> list[Block]:
    if not sources:
        return []
    entries = [
        "📄 "
        + escape.fit(
            escape.one_line(source.title or source.ref),
            limits.LABEL * 2,
            escape=escape.mrkdwn,
        )
        for source in sources[:_SOURCES]
    ]
    if len(sources) > _SOURCES:
        entries.append(wording.more(len(sources) - _SOURCES, "sources"))
    return [blocks.context("   ".join(entries))]


def _stop(view: TurnView) -> list[Block]:
    return _turn_button("stop", wording.STOP, STOP, view.stop_turn)


def _continue(view: TurnView) -> list[Block]:
    return _turn_button("continue", wording.CONTINUE, CONTINUE, view.continue_turn)


def _turn_button(
    name: str, label: str, action: str, turn: TurnId | None
) -> list[Block]:
    value = _value(t=turn) if turn else ""
    if not 0 < len(value) <= limits.BUTTON_VALUE:
        return []
    return [blocks.actions(name, blocks.button(label, action=action, value=value))]


def _value(**ids: str) -> str:
    """Return a button's value: JSON of ids, without characters that Slack escapes."""
    value = json.dumps(ids, sort_keys=True, separators=(",", ":"))
    return value.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
