"""The rule for tools that are not ours: the phrases that are listed for them. Pure.

What stands where a phrase has a name in braces is that argument, word for word.
Without a phrase, `agents.models.guessing` may still understand.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from agents.models.acts import Act, Use
from agents.models.context import Context
from agents.models.sentence import Sentence
from agents.vocabulary import Saying, Skill, Vocabulary
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
        for saying in _sayings(context.vocabulary)
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
            missing=_missing(context.vocabulary.skill(saying.tool), given),
            text=said,
        )
    ]


def _sayings(vocabulary: Vocabulary) -> Iterator[Saying]:
    yield from vocabulary.sayings
    for skill in vocabulary.skills:
        for phrase in skill.phrases:
            yield Saying(
                tool=skill.tool, shown=skill.shown, phrase=phrase, agents=skill.agents
            )


def _missing(skill: Skill | None, given: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    required = skill.schema.get("required", ()) if skill else ()
    return tuple(name for name in required if name not in dict(given))


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
