"""The rule for tools of MCP servers: the phrases that the company file lists. Pure.

No phrase, no understanding: the scripted model cannot read a schema. What stands where
a phrase has a name in braces is that argument, word for word.
"""

import re
from functools import cache

from agents.models.acts import Act, Use
from agents.models.context import Context
from agents.models.sentence import Sentence
from bot.company.servers import slots_of

_BEFORE = (
    r"(?:(?:hi|hello|hey|please|ok|so|and|also|i want to|i need to|i'd like to|"
    r"i would like to|(?:can|could|would|will) you)\W+)*"
)
_SLOT = re.compile(r"\{[^{}]*\}")
_AFTER = r"(?:\W+(?:please|thanks|thank you))?\W*"


def use(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand a phrase of the company file that is the whole sentence."""
    said = sentence.original.strip().replace("\u2019", "'")
    fitting = [
        (saying, found)
        for saying in context.vocabulary.sayings
        if (found := _pattern(saying.phrase).fullmatch(said))
    ]
    if not fitting:
        return None
    # The phrase that says the most leaves the least to be an argument.
    saying, found = max(fitting, key=lambda pair: len(_SLOT.sub("", pair[0].phrase)))
    given = tuple(zip(slots_of(saying.phrase), found.groups(), strict=True))
    return [
        Use(
            tool=saying.tool,
            shown=saying.shown,
            agents=saying.agents,
            given=given,
            text=said,
        )
    ]


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    parts = _SLOT.split(phrase.strip())
    words = [r"\s+".join(map(re.escape, part.split())) for part in parts]
    # A blank before or after a name in braces stays one.
    spaced = [
        (r"\s+" if part[:1].isspace() and part.strip() else "")
        + word
        + (r"\s+" if part[-1:].isspace() else "")
        for part, word in zip(parts, words, strict=True)
    ]
    return re.compile(_BEFORE + "(.+?)".join(spaced) + _AFTER, re.IGNORECASE)
