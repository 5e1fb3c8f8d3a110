"""How well a section fits a question: a share between 0 and 1. Pure.

Whoever stores the articles finds out which terms a section has, and where. What that
is worth is decided here, for all of them: the share of the question that the section
has, where rare terms count for more, and a term in a heading for more than in the text.
"""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.knowledge.ask import Ask, Phrase, Term
from bot.knowledge.words import stems_of

Zone: TypeAlias = Literal["heading", "topic", "title", "text"]
"""``topic``: in the article's title, and in the text of this section."""

FITS = 0.48
"""From here on a section answers the question; below, nobody knows the answer.

Calibrated on the questions in ``tests/knowledge`` that are not held out.
"""

_WORTH: Mapping[Zone, float] = {
    "heading": 1.0,
    "topic": 0.93,
    "title": 0.9,
    "text": 0.7,
}
_GUESSED = 0.85
"""What a term is worth that may have been meant."""
_UNKNOWN = 1.0
"""In how many sections a term counts as being that is in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stems:
    """The stems of a section, by where they are."""

    title: AbstractSet[str]
    headings: AbstractSet[str]
    text: AbstractSet[str]


def zone_of(term: Term, stems: Stems) -> Zone | None:
    """Return where a section has the term, the best place first; ``None``: nowhere."""
    if _has(stems.headings, term.phrases):
        return "heading"
    if _has(stems.title, term.phrases):
        return "topic" if _has(stems.text, term.phrases) else "title"
    if _has(stems.title | stems.headings | stems.text, term.phrases):
        return "text"
    return None


def _has(stems: AbstractSet[str], phrases: Sequence[Phrase]) -> bool:
    return any(all(stems_of(word) & stems for word in phrase) for phrase in phrases)


def rarity(total: int, having: float) -> float:
    """Return what a term is worth that ``having`` of ``total`` sections have."""
    return math.log(1 + total / (having + 0.5))


def fit(
    ask: Ask, zones: Mapping[int, Zone], having: Mapping[int, int], total: int
) -> float:
    """Return how well a section fits.

    Args:
        ask: The question.
        zones: For each term that the section has, by its index, where.
        having: For each term, by its index, how many sections have it.
        total: How many sections there are.
    """
    worth = [rarity(total, having.get(i) or _UNKNOWN) for i in range(len(ask))]
    if not worth:
        return 0.0
    found = sum(
        worth[i] * _WORTH[zone] * (_GUESSED if ask[i].guessed else 1.0)
        for i, zone in zones.items()
    )
    return found / sum(worth)
