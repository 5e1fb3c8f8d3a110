"""What a click on a card is answered with: always HTTP 200 and one of these bodies.

Source:
    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards
"""

from collections.abc import Mapping
from typing import Any

from adapters.teams import wording
from adapters.teams.parse import UnknownInvoke
from adapters.teams.render import card_of
from bot.ports.inbox import Acceptance
from bot.protocol.inbound import Inbound, Stopped


def answer_click(inbound: Inbound, acceptance: Acceptance) -> Mapping[str, Any]:
    """Return what the person who clicked sees at once.

    The card as it is now, if there is one. Who may not decide is told so instead:
    a card that merely changes would look like a decision.
    """
    sentence = acceptance.sentence
    if acceptance.view is not None and not (
        acceptance.outcome == "not_entitled" and sentence
    ):
        return _body(
            "application/vnd.microsoft.card.adaptive", card_of(acceptance.view)
        )
    fallback = wording.STOPPING if isinstance(inbound, Stopped) else wording.NOTED
    return _body("application/vnd.microsoft.activity.message", sentence or fallback)


def answer_unavailable() -> Mapping[str, Any]:
    """Return that nothing was stored."""
    return _error(503, "ServiceUnavailable", wording.NOT_DECIDED)


def answer_malformed() -> Mapping[str, Any]:
    """Return that a button's data makes no sense."""
    return _error(400, "BadRequest", wording.BAD_CARD)


def answer_unknown(invoke: UnknownInvoke) -> Mapping[str, Any]:
    """Return that a button does something we have never heard of."""
    return _error(400, "NotSupported", f"{wording.BAD_CARD} ({invoke.name[:100]})")


def _error(status: int, code: str, message: str) -> Mapping[str, Any]:
    value = {"code": code, "message": message}
    return _body("application/vnd.microsoft.error", value, status=status)


def _body(kind: str, value: object, *, status: int = 200) -> Mapping[str, Any]:
    return {"statusCode": status, "type": kind, "value": value}
