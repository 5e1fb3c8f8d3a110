"""What Teams accepts as the content of a message, and what users see of it.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bot-messages-ai-generated-content
and https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from collections.abc import Iterator
from typing import Any

from adapters.simulator.teams.answers import Answer, bad_argument
from adapters.simulator.teams.cards import ATTACHMENTS, CARD, inspect_card
from adapters.simulator.teams.limits import STATEMENTS
from adapters.simulator.teams.wire import Json, SentActivity

STATEMENT_ENTITY = "https://schema.org/Message"


def refuse_content(activity: SentActivity) -> Answer | None:
    """Return why the content cannot be shown, if it cannot."""
    statements = [e for e in activity.entities if e.get("type") == STATEMENT_ENTITY]
    if len(statements) > STATEMENTS:
        return bad_argument("There can be only one root message entity.")
    for attachment in activity.attachments:
        kind = attachment.content_type
        if kind not in ATTACHMENTS and not kind.startswith("image/"):
            return bad_argument("Unknown attachment type")
    problems = [p for card in _cards(activity) for p in inspect_card(card).problems]
    return bad_argument("Invalid card: " + "; ".join(problems)) if problems else None


def ends_a_stream(activity: SentActivity) -> bool:
    """Whether it carries what only the end of a stream may: labels, feedback, cards.

    Citations may come before.
    """
    statements = [e for e in activity.entities if e.get("type") == STATEMENT_ENTITY]
    labels = any(s.keys() & {"additionalType", "usageInfo"} for s in statements)
    feedback = activity.channel_data.keys() & {"feedbackLoop", "feedbackLoopEnabled"}
    return bool(activity.attachments or labels or feedback)


def warnings_of(activity: SentActivity) -> list[str]:
    """Return what users will not see as it was meant."""
    return [w for card in _cards(activity) for w in inspect_card(card).warnings]


def parts_of(body: Json, activity: SentActivity) -> Iterator[Json]:
    """Yield the messages that Teams makes of one activity: text and cards apart."""
    if activity.type != "message" or not activity.text or not activity.attachments:
        yield body
        return
    yield {key: value for key, value in body.items() if key != "attachments"}
    yield {key: value for key, value in body.items() if key != "text"}


def _cards(activity: SentActivity) -> Iterator[Any]:
    for attachment in activity.attachments:
        if attachment.content_type == CARD:
            yield attachment.content
