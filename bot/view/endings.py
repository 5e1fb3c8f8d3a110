"""The sentences of endings: what was done, what was not, and what happens next.

Part of `bot.view.wording`, where the others are. Why a turn failed is
`bot.view.failures`; here is what must be said beside it, with the account of
what was done in front of the reader.
"""

from collections.abc import Sequence

from bot.view.wording import NOT_STARTED, SOMEBODY, names

DID = "Done"
DID_NOT = "Not done"
UNKNOWN = "Nobody can tell yet"
"""What the parts of an account are called."""

NO_CHANGE = "No change was made."
STILL_KNOWN = "This is what I still know; there may be more."
CANNOT_TELL = "I cannot tell whether anything was changed."
LOST = "What became of this is in the part of the record that was damaged."

_NEXT: dict[str, str] = {
    "model": "Please try again in a few minutes.",
    "refusal": "Please say it in other words, or ask your IT team.",
    "empty": "Please ask again, perhaps in other words.",
    "arguments": "Please say in more detail what you need, or ask your IT team.",
    "length": "Please press Continue, or ask me for a shorter answer.",
    "window": "Please ask again in a new thread, or with less text at once.",
    "deadline": "Please ask again for what is missing, or ask your IT team.",
    "stranger": (
        "Please ask your IT team to add your account there, then write to me again."
    ),
    "internal": "Please ask again; if it happens again, tell your IT team.",
    "agent": "Please ask again: somebody else takes care of it now.",
    "limit": "Please ask for less at once.",
    "tokens": "Please ask for one thing at a time.",
    "budget": "Please ask for a smaller part of it.",
    "budget_person_day": "Please ask again tomorrow, or ask your IT team now.",
    "budget_person_month": "Please ask again next month, or ask your IT team now.",
    "budget_company_day": "Please ask your IT team; I can answer again tomorrow.",
    "budget_company_month": "Please ask your IT team; I can answer again next month.",
    "degraded": (
        "A person should check: please show this to your IT team before you ask again."
    ),
}


def what_now(code: str) -> str:
    """Return what a person can do when a turn failed; any code has a sentence."""
    return _NEXT.get(code, _NEXT["internal"])


NOTHING_MORE = "Nothing more happens unless you ask me again."


def stopped_by(name: str) -> str:
    """Say who stopped the turn."""
    return f"Stopped by {name or SOMEBODY}."


def turn_withdrawn_by(name: str) -> str:
    """Say who took the request back while the turn waited for it."""
    return f"Withdrawn by {name or SOMEBODY}."


def ended_at(moment: str) -> str:
    """Say when a turn ended that took too long."""
    return f"That was at {moment}."


def answers_lost(count: int) -> str:
    """Say why nobody can tell what came of some steps."""
    if count == 1:
        return "The answer to one step was lost: it may or may not have happened."
    return f"The answers to {count} steps were lost: they may or may not have happened."


def closed_undecided(people: Sequence[str]) -> str:
    """Tell who asked that a request went away before anybody decided it."""
    return f"{names(people)} had not decided yet. The request for it is closed."


def decided_not_done(decision: str) -> str:
    """Say that something was approved and still not done."""
    return f"{decision} {NOT_STARTED}"
