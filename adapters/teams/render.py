"""A `TurnView` as one Adaptive Card, never larger than Teams accepts. Pure.

The card carries everything: text beside an attachment would become two messages, and
neither could be edited.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

import hashlib
import json
from typing import Any

from adapters.teams import elements, limits
from adapters.teams.elements import Plan
from adapters.teams.markdown import Element
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
    Plan(text=36_000, line=300, prose=2_000, rows=40, blocks=20),
    Plan(text=20_000, line=200, prose=1_000, rows=30, blocks=12),
    Plan(text=10_000, line=200, prose=600, rows=20, blocks=8),
    Plan(text=4_000, line=150, prose=300, rows=12, blocks=6),
    Plan(text=1_500, line=100, prose=200, rows=8, blocks=4),
    Plan(text=400, line=60, prose=100, rows=6, blocks=3),
)
"""From generous to tiny; the first that fits is taken. The last one always does."""


def render(view: TurnView) -> Payload:
    """Return the message for ``view``; see `bot.ports.surface.Platform.render`."""
    body: dict[str, Any] = {}
    for plan in PLANS:
        body = _message(view, plan)
        if size_of(body) <= limits.MESSAGE_BYTES:
            break
    canonical = json.dumps(body, ensure_ascii=True, sort_keys=True)
    return Payload(body, hashlib.sha256(canonical.encode()).hexdigest())


def card_of(view: TurnView) -> Element:
    """Return the card alone, as a click is answered with."""
    attachments: list[dict[str, Any]] = render(view).body["attachments"]
    return attachments[0]["content"]


def size_of(body: object) -> int:
    """Return the bytes that Teams counts: the JSON in UTF-16."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-16-le", "surrogatepass"))


def _message(view: TurnView, plan: Plan) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": "message",
        "summary": elements.summary(view.summary or view.headline),
        "attachments": [{"contentType": CARD, "content": _card(view, plan)}],
    }
    if view.text.strip():
        message["entities"] = [_AI_LABEL]
    return message


def _card(view: TurnView, plan: Plan) -> Element:
    body = [
        elements.headline(view.headline, plan),
        *elements.steps(view.steps, plan),
        *elements.answer(view.text, plan),
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
    return card
