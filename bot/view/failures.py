"""Why a turn, or a specialist's part of it, ended early: one sentence for each code.

What was done and what people can do now is said beside it: `bot.view.endings`.
"""

from typing import Literal, TypeAlias

FailureCode: TypeAlias = Literal[
    "model",
    "refusal",
    "empty",
    "arguments",
    "length",
    "window",
    "deadline",
    "stranger",
    "internal",
    "agent",
    "limit",
    "tokens",
    "budget",
    "budget_person_day",
    "budget_person_month",
    "budget_company_day",
    "budget_company_month",
    "degraded",
]

_FAILURES: dict[str, str] = {
    "model": "The language model did not answer, so I stopped here.",
    "refusal": "The language model declined to go on with this, so I stopped here.",
    "empty": "The language model had nothing to say, even when asked twice. I stopped here.",
    "arguments": (
        "The language model asked twice for something that makes no sense, "
        "so I stopped here."
    ),
    "length": "My answer grew too long, so I stopped here.",
    "window": (
        "This was more than the language model can read at once, even shortened, "
        "so I stopped here."
    ),
    "deadline": "This took longer than it may, so I stopped here.",
    "stranger": "I could not find you in the company directory, so I did nothing.",
    "internal": "Something broke on my side, so I stopped here. That is my mistake.",
    "agent": "Who worked on this is not here any more, so I stopped here.",
    "limit": (
        "This needed more steps than I may take for one request, so I stopped here."
    ),
    "tokens": (
        "This needed more of the language model than one request may use, "
        "so I stopped here."
    ),
    "budget": (
        "This used up what one request may spend on the language model, "
        "so I stopped here."
    ),
    **{
        f"budget_{who}_{when}": (
            f"{whose} used up what may be spent on the language model {until}, "
            "so I stopped here."
        )
        for who, whose in (("person", "You have"), ("company", "Your company has"))
        for when, until in (("day", "today"), ("month", "this month"))
    },
    "degraded": "Part of the record of this request was damaged, so I stopped here.",
}


def failure(code: str) -> str:
    """Return why a turn failed; any code has a sentence."""
    return _FAILURES.get(code, _FAILURES["internal"])


_PARTS: dict[str, str] = {
    "model": "The language model did not answer, so this part was not done.",
}


def failed_part(code: str) -> str:
    """Return why a specialist could not finish, for whoever handed over to it."""
    return _PARTS.get(code, failure(code))
