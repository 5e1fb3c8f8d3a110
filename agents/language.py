"""How text is taken apart: words, stems, and known phrases found in it. Pure.

Plain English morphology, no vocabulary of any company: what can be found is always
an argument. The catalog look-up and the scripted model use the same functions, so
that what one calls a match the other does too.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

STOP_WORDS = frozenset(
    """
    a about all also am an and any are as at be been but by can could did do does
    for from get got give had happen happens has have having hello here hey hi how i
    if in into is
    it its just know let like many may me might mine most much my need needed needs no not
    now of off on one only or our out over own please should so some somebody someone
    such tell than thank thanks that the their them then there these they thing this
    those to too up us use using very want wants was way we were what when where
    which while who whom whose why will with won work works would you your
    """.split()  # noqa: SIM905 - a list of sixty quoted words is unreadable
)
"""Words that say nothing about what a text is about."""

_TYPO_LENGTH = 5
_TYPO_RATIO = 0.86


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place in the folded text."""

    text: str
    start: int
    end: int

    @property
    def stem(self) -> str:
        """The word without its ending."""
        return stem(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A phrase found among words."""

    ids: tuple[str, ...]
    """What the phrase can mean; more than one is ambiguous."""
    first: int
    """Index of its first word."""
    last: int
    """Index of its last word."""


def folded(text: str) -> str:
    """Return ``text`` in lower case without accents or typographic quotes."""
    plain = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def words(text: str) -> tuple[Word, ...]:
    """Return the words of ``text``, hyphenated ones apart."""
    return tuple(
        Word(found[0], found.start(), found.end())
        for found in re.finditer(r"[^\W_]+(?:'[a-z]+)?", folded(text))
    )


def stem(word: str) -> str:
    """Return ``word`` without plural, possessive or verb ending."""
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":  # noqa: PLR2004
        word = word[:-1]
    for ending in ("ership", "ing", "er", "or", "ed"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word.endswith("e"):  # noqa: PLR2004
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] != "s":  # noqa: PLR2004
        word = word[:-1]
    return word


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of all words of ``text``."""
    return tuple(word.stem for word in words(text))


def content_words(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` that say what it is about, each once."""
    said = (word.text.removesuffix("'s") for word in words(text))
    return tuple(dict.fromkeys(w for w in said if len(w) > 1 and w not in STOP_WORDS))


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``."""
    parts = re.split(r"(?<=[.!?])\s+|\n+|;\s*", text.strip())
    return [part.strip() for part in parts if part.strip()]


def find_phrases(
    text: Sequence[Word], phrases: Mapping[str, Iterable[str]], *, typos: bool = False
) -> list[Match]:
    """Return which phrases occur among the words, in order, longest first.

    Args:
        text: Where to look.
        phrases: For each id, what it is called.
        typos: Whether a long single word may be slightly misspelt.
    """
    known: dict[tuple[str, ...], list[str]] = {}
    for key, names in phrases.items():
        for name in names:
            ids = known.setdefault(stems(name), [])
            if key not in ids:
                ids.append(key)
    longest = max(map(len, known), default=0)
    found: list[Match] = []
    at = 0
    while at < len(text):
        match = _match_at(text, at, known, longest, typos=typos)
        if match:
            found.append(match)
        at = match.last + 1 if match else at + 1
    return found


def _match_at(
    text: Sequence[Word],
    at: int,
    known: Mapping[tuple[str, ...], list[str]],
    longest: int,
    *,
    typos: bool,
) -> Match | None:
    for size in range(min(longest, len(text) - at), 0, -1):
        if ids := known.get(tuple(word.stem for word in text[at : at + size])):
            return Match(ids=tuple(ids), first=at, last=at + size - 1)
    word = text[at]
    if not typos or len(word.text) < _TYPO_LENGTH or word.text in STOP_WORDS:
        return None
    for phrase, ids in known.items():
        if len(phrase) == 1 and _is_nearly(word.stem, phrase[0]):
            return Match(ids=tuple(ids), first=at, last=at)
    return None


def _is_nearly(word: str, known: str) -> bool:
    if min(len(word), len(known)) < _TYPO_LENGTH - 1 or word[0] != known[0]:
        return False
    return SequenceMatcher(None, word, known).ratio() >= _TYPO_RATIO
