"""Which part of a text is about a question: what is quoted of it. Pure."""

import re

from bot.knowledge.ask import Ask
from bot.knowledge.ranking import Stems, zone_of
from bot.knowledge.words import all_stems, words_of

_NONE: frozenset[str] = frozenset()


def best_line(text: str, ask: Ask) -> str:
    """Return the sentence or line with the most of the question; the first of them."""
    lines = [line.strip() for line in re.split(r"\n+|(?<=[.!?])\s", text)]
    return max(filter(None, lines), key=lambda line: matches(line, ask), default="")


def matches(text: str, ask: Ask) -> int:
    """Return how many of a question's terms a text has."""
    stems = Stems(title=_NONE, headings=_NONE, text=all_stems(words_of(text)))
    return sum(zone_of(term, stems) is not None for term in ask)
