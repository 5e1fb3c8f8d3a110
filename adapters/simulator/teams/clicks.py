"""What a person gets who clicked: the bot's answer, or the client's own words.

Source: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/user-specific-views
"""

from http import HTTPStatus

from pydantic import ValidationError

from adapters.simulator.teams.cards import CARD, inspect_card
from adapters.simulator.teams.courier import Outcome
from adapters.simulator.teams.wire import InvokeAnswer, Json

ERROR = "application/vnd.microsoft.error"
UNREACHABLE = "Unable to reach app. Please try again."
BROKEN = "Something went wrong. Please try again."


def answer_of(outcome: Outcome) -> Json:
    """Return ``statusCode``, ``type`` and ``value`` of what the client shows.

    Its type is that of a card only if the card can be shown.
    """
    if outcome.status is None:
        return _failure(HTTPStatus.GATEWAY_TIMEOUT, UNREACHABLE)
    if not outcome.accepted:
        return _failure(HTTPStatus.BAD_GATEWAY, UNREACHABLE)
    try:
        answer = InvokeAnswer.model_validate_json(outcome.body)
    except ValidationError:
        return _failure(HTTPStatus.BAD_GATEWAY, BROKEN)
    if answer.type == CARD:
        if answer.status_code != HTTPStatus.OK:
            return _failure(HTTPStatus.BAD_GATEWAY, BROKEN)
        if problems := inspect_card(answer.value).problems:
            return _failure(HTTPStatus.BAD_REQUEST, f"{BROKEN} ({'; '.join(problems)})")
    return answer.model_dump(by_alias=True)


def _failure(status: HTTPStatus, message: str) -> Json:
    value = {"code": "BotError", "message": message}
    return {"statusCode": int(status), "type": ERROR, "value": value}
