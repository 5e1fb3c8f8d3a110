"""What a sentence is understood against: the conversation before it. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from agents.models.sentence import Sentence, sentence_of
from agents.vocabulary import Vocabulary
from bot.protocol.ids import PersonId

_QUESTION = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|but|ok|also|please|quick question)\W+)*"
    r"(?:how|what|what's|when|where|which|why|who|who's|whom|whose|is|are|does|do|did|"
    r"was|were|should|has|have|can (?!i|we|you)|could (?!i|we|you)|tell me (?:how|what)|"
    r"explain|i want to know|can you (?:tell|explain)|could you (?:tell|explain)|"
    # German and Spanish, for the articles: wishes are understood in English only.
    r"wie|wieso|wer|wen|wem|wo|wohin|woher|wann|warum|welche[rsnm]?|gibt es|"
    r"como|que|cuando|donde|adonde|quien|quienes|cual|cuales|cuant[oa]s?|por que|hay)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What was known before the sentence."""

    vocabulary: Vocabulary
    requester: PersonId
    asked: tuple[str, ...]
    """What the requester wrote before, oldest first."""
    answered: str
    """What was last answered."""
    waiting: tuple[str, ...] = ()
    """The things that are asked for and not there yet, the latest last."""
    today: date | None = None
    """The day; ``None``: not known."""


def is_question(sentence: Sentence) -> bool:
    """Return whether the sentence wants to know rather than to have."""
    return bool(_QUESTION.match(sentence.text.strip()))


def topics(context: Context) -> tuple[str, ...]:
    """Return the things talked about before, the latest last."""
    found: list[str] = []
    for text in context.asked:
        for thing in sentence_of(text, context.vocabulary).things:
            found = [*(f for f in found if f != thing), thing]
    if not found and context.answered:
        found = list(sentence_of(context.answered, context.vocabulary).things)
    return tuple(found)
