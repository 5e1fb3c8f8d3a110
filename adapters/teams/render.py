"""A `TurnView` as one Adaptive Card, never larger than Teams accepts. Pure.

The card carries everything: text beside an attachment would become two messages, and
neither could be edited.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from adapters.teams import elements, limits
from adapters.teams.elements import size_of
from adapters.teams.markdown import Element
from adapters.teams.plan import Plan
from bot.ports.surface import Payload
from bot.view.nodes import TurnView

CARD = "application/vnd.microsoft.card.adaptive"
_AI_LABEL = {
    "type": "https://schema.org/Message",
    "@type": "Message",
    "@context": "https://schema.org",
    "additionalType": ["AIGeneratedContent"],
}
"""Marks what a model wrote.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content
"""

PLANS = (
    Plan(line=300, prose=2_000, rows=30, blocks=10),
    Plan(line=200, prose=600, rows=20, blocks=8),
    Plan(line=150, prose=300, rows=12, blocks=5),
    Plan(line=80, prose=120, rows=6, blocks=3),
    Plan(line=50, prose=80, rows=4, blocks=2),
)
"""From generous to tiny; the first that leaves room for the answer is taken."""
_ANSWER_ROOM = 24 * 1024
"""Bytes of UTF-16 that a long answer gets at least."""


def render(view: TurnView) -> Payload:
    """Return the message for ``view``; see `bot.ports.surface.Platform.render`."""
    wanted = min(_ANSWER_ROOM, 8 * len(view.text))
    body: dict[str, Any] = {}
    for plan in PLANS:
        body = _message(view, plan, [])
        room = limits.MESSAGE_BYTES - size_of(body)
        if room >= wanted:
            # The comma that joins it to the rest is two bytes more.
            text = elements.answer(view.text, room - 2, streaming=view.streaming)
            body = _message(view, plan, text)
            break
    canonical = json.dumps(body, ensure_ascii=True, sort_keys=True)
    return Payload(body, hashlib.sha256(canonical.encode()).hexdigest())


def card_of(view: TurnView) -> Element:
    """Return the card alone, as a click is answered with."""
    attachments: list[dict[str, Any]] = render(view).body["attachments"]
    return attachments[0]["content"]


def _message(view: TurnView, plan: Plan, text: Sequence[Element]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": "message",
        "summary": elements.summary(view.summary or view.headline),
        "attachments": [{"contentType": CARD, "content": _card(view, plan, text)}],
    }
    if view.text.strip():
        message["entities"] = [_AI_LABEL]
    return message


def _card(view: TurnView, plan: Plan, text: Sequence[Element]) -> Element:
    # A further page of an answer has no headline.
    headed = view.headline.strip() or not view.text.strip()
    body = [
        *([elements.headline(view.headline, plan)] if headed else ()),
        *(elements.account(view.account, plan) if view.account else ()),
        *elements.steps(view.steps, plan),
        *text,
        *elements.results(view.cards, plan),
        *elements.approvals(view.approvals, plan),
        *elements.notices(view.notices, plan),
        *elements.sources(view.sources, plan),
    ]
    if view.footer:
        body.append(elements.footer(view.footer, plan))
    card: Element = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": limits.CARD_VERSION,
        "msteams": {"width": "Full"},
        "fallbackText": elements.summary(view.summary or view.headline),
        "body": body,
    }
    if view.stop_turn:
        card["actions"] = [elements.stop(view.stop_turn)]
    if view.continue_turn:
        card["actions"] = [elements.go_on(view.continue_turn)]
    return card
