"""Words, their stems in three languages, and how near misspelt ones are. Pure.

Articles and questions go through the same functions, whoever stores them: what is one
word on Postgres is one word in memory. A word has the stems that English, German and
Spanish give it; two words are the same if they share one. So nobody has to know which
language a text is written in.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Protocol, cast

import snowballstemmer

LANGUAGES = ("en", "de", "es")
_ALGORITHMS = {"en": "english", "de": "german", "es": "spanish"}

LONGEST_WORD = 60
"""Characters; what is longer is no word that anybody asks for."""
_SHORTEST_STEM = 4
"""Letters."""
_SHORTEST_TYPO = 4
"""Letters that a word must have before it is taken for a misspelt one."""
_LONG = 6
"""From so many letters on, two errors are forgiven instead of one."""
_KEPT = 3
"""How many equally near words a misspelt one may stand for."""


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


_stemmers = {
    language: cast(
        "_Stemmer",
        snowballstemmer.stemmer(algorithm),  # pyright: ignore[reportUnknownMemberType] - it is not typed
    )
    for language, algorithm in _ALGORITHMS.items()
}
_one_at_a_time = Lock()
"""A stemmer keeps the word that it works on."""


def folded(text: str) -> str:
    """Return ``text`` in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of ``text``, folded, in order.

    What is written with hyphens is there in its parts and together: "Wi-Fi" gives
    ``wi``, ``fi`` and ``wifi``.
    """
    found: list[str] = []
    for match in re.finditer(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)*", folded(text)):
        parts = re.split(r"[-\u2010\u2011]", match[0])
        found += parts
        if len(parts) > 1:
            found.append("".join(parts))
    return tuple(word for word in found if len(word) <= LONGEST_WORD)


@lru_cache(maxsize=50_000)
def stem_in(language: str, word: str) -> str:
    """Return the stem that one language gives a folded word.

    What is left of a short word says too little about it: Spanish "comida" and English
    "come" have one stem. Such a word is its own stem.
    """
    with _one_at_a_time:
        stem = _stemmers[language].stemWord(word)
    return stem if language == "en" or len(stem) >= _SHORTEST_STEM else word


def stems_of(word: str) -> frozenset[str]:
    """Return the stems of a folded word, one for each language."""
    return frozenset(stem_in(language, word) for language in LANGUAGES)


def all_stems(words: Iterable[str]) -> frozenset[str]:
    """Return the stems of all ``words``."""
    return frozenset(stem for word in words for stem in stems_of(word))


# --------------------------------------------------------------------- misspelt words


def trigrams(word: str) -> frozenset[str]:
    """Return a word's pieces of three characters, its edges as blanks."""
    padded = f"  {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known words that ``word`` may be a misspelling of, if any.

    One error is forgiven (a letter too many, too few, another one, or two swapped),
    in longer words two; short words and those with digits have to be right.
    """
    forgiven = errors_forgiven(word)
    if not forgiven:
        return ()
    found: dict[int, set[str]] = {}
    for other in known:
        if abs(len(other) - len(word)) <= forgiven and errors_forgiven(other):
            distance = _distance(word, other)
            if distance <= forgiven:
                found.setdefault(distance, set()).add(other)
    return tuple(sorted(found[min(found)]))[:_KEPT] if found else ()


def errors_forgiven(word: str) -> int:
    """Return how many typing errors a word may have."""
    if len(word) < _SHORTEST_TYPO or not word.isalpha():
        return 0
    return 2 if len(word) >= _LONG else 1


def _distance(a: str, b: str) -> int:
    """Return how many typing errors lie between two words; swapped letters are one.

    Source: optimal string alignment,
    https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance
    """
    before: Sequence[int] = []
    row: Sequence[int] = range(len(b) + 1)
    for i, x in enumerate(a, start=1):
        above, before = row, row if i == 1 else before
        current = [i]
        for j, y in enumerate(b, start=1):
            cost = min(above[j] + 1, current[-1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and (x, a[i - 2]) == (b[j - 2], y):
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, row = above, current
    return row[-1]
