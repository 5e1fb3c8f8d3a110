"""How well an article fits a question. Pure.

Full-text search finds every article with any of the words; whether one of them is
about the question is judged here, the same for the citation and for the answer.
"""

from itertools import pairwise

from agents.language import content_words, stem, stems

_ENOUGH = 0.6
"""Share of the question's words that an article must have to be about it."""
_ENOUGH_IN_TITLE = 0.5
"""The same for its title alone, which says what it is about."""


def wanted_stems(query: str) -> set[str]:
    """Return the stems of what a question is about."""
    return {stem(word) for word in content_words(query)}


def stems_of(text: str) -> set[str]:
    """Return the stems of ``text``, and of neighbours written together ("wi-fi")."""
    single = stems(text)
    return {*single, *(stem(a + b) for a, b in pairwise(single))}


def fit(title: str, body: str, query: str) -> float:
    """Return how well an article fits; 0 when it is about something else."""
    wanted = wanted_stems(query)
    if not wanted:
        return 0.0
    in_title = len(wanted & stems_of(title)) / len(wanted)
    share = len(wanted & (stems_of(title) | stems_of(body))) / len(wanted)
    about = share >= _ENOUGH or in_title >= _ENOUGH_IN_TITLE
    return share + in_title if about else 0.0
