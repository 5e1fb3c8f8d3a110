"""What a question is about, in words that articles use. Pure, but for reading the data.

A question is taken apart into terms. Words that say nothing are left out; words of the
glossary bring along what means the same in English, German and Spanish; a German word
made of several is taken apart when the glossary knows its parts. That is all there is:
no model translates, and a word that nobody listed has to stand in the article.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, TypeAlias

from bot.knowledge.ask import Ask, Phrase, Term
from bot.knowledge.words import LANGUAGES, nearest, stem_in, words_of

_Key: TypeAlias = tuple[str, ...]

_HYPHENATED = re.compile(r"\w+(?:[-\u2010\u2011]\w+)+")

_SHORTEST_PART = 3
"""Letters of a word in a compound."""
_LINKS = ("", "s", "n", "en", "es", "er")
"""What German puts between the parts of a compound."""
MOST_TERMS = 24
"""What a question has beyond these is not looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """Words that mean the same."""

    stop: frozenset[str]
    """Folded words that say nothing."""
    meanings: tuple[tuple[Phrase, ...], ...]
    """For each meaning, all that is said for it."""
    keys: Mapping[str, Mapping[_Key, tuple[int, ...]]]
    """For each language, the stems of a phrase and what it can mean."""
    longest: int
    """Words in the longest phrase."""

    def meant_by(self, words: Phrase) -> tuple[Phrase, ...]:
        """Return all phrases that mean the same as ``words``; empty if unknown."""
        meanings = dict.fromkeys(
            meaning
            for language in LANGUAGES
            for meaning in self.keys[language].get(_key(language, words), ())
        )
        said = (phrase for m in meanings for phrase in self.meanings[m])
        return tuple(dict.fromkeys(said))

    @property
    def words(self) -> Iterable[str]:
        """All words that stand alone, in every language."""
        return {p[0] for meaning in self.meanings for p in meaning if len(p) == 1}


def ask_of(question: str, glossary: Glossary) -> Ask:
    """Return what a question asks for; nothing, if all its words say nothing."""
    words = _said_words(question)
    return tuple(islice(_terms(words, glossary), MOST_TERMS))


def _said_words(question: str) -> tuple[str, ...]:
    """Return the words, what is written with hyphens in its parts ("AC-403" not)."""
    said = (_HYPHENATED.sub(_parted, word) for word in question.split())
    return tuple(word for part in said for word in words_of(part))


def _parted(match: re.Match[str]) -> str:
    together = re.sub(r"[-\u2010\u2011]", "", match[0])
    has_number = any(c.isdigit() for c in together)
    return together if has_number else re.sub(r"[-\u2010\u2011]", " ", match[0])


def _terms(words: Sequence[str], glossary: Glossary) -> Iterator[Term]:
    seen: set[frozenset[Phrase]] = set()
    at = 0
    while at < len(words):
        size, said = _phrase_at(words, at, glossary)
        for term in said:
            # "a mail in my inbox" is about one thing.
            meant = frozenset(term.phrases)
            if meant not in seen:
                seen.add(meant)
                yield term
        at += size


def _phrase_at(
    words: Sequence[str], at: int, glossary: Glossary
) -> tuple[int, Sequence[Term]]:
    """Return how many words belong together here, and the terms that they are."""
    for size in range(min(glossary.longest, len(words) - at), 1, -1):
        phrase = tuple(words[at : at + size])
        if same := glossary.meant_by(phrase):
            return size, [Term(said=" ".join(phrase), phrases=_first(phrase, same))]
    word = words[at]
    if word in glossary.stop or (len(word) == 1 and not word.isdigit()):
        return 1, []
    return 1, _terms_of(word, glossary)


def _terms_of(word: str, glossary: Glossary) -> Sequence[Term]:
    if same := glossary.meant_by((word,)):
        return [Term(said=word, phrases=_first((word,), same))]
    if parts := _parts_of(word, glossary):
        return [
            Term(said=part, phrases=_first((part,), same))
            for part, same in parts
            if part not in glossary.stop
        ]
    near = nearest(word, glossary.words)
    guesses = tuple(phrase for one in near for phrase in glossary.meant_by((one,)))
    return [Term(said=word, phrases=((word,),), guesses=tuple(dict.fromkeys(guesses)))]


def _first(said: Phrase, same: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    """Return all phrases, what was said among them; in the same order for synonyms."""
    return same if said in same else (said, *same)


def _parts_of(
    word: str, glossary: Glossary
) -> Sequence[tuple[str, tuple[Phrase, ...]]]:
    """Return the two known words that a German compound is made of, if it is."""
    for cut in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        tail = word[cut:]
        if not (same_tail := _german(tail, glossary)):
            continue
        for link in _LINKS:
            head = word[:cut].removesuffix(link) if link else word[:cut]
            if len(head) >= _SHORTEST_PART and (same := _german(head, glossary)):
                return [(head, same), (tail, same_tail)]
    return ()


def _german(word: str, glossary: Glossary) -> tuple[Phrase, ...]:
    known = glossary.keys["de"].get(_key("de", (word,)), ())
    return tuple(dict.fromkeys(p for m in known for p in glossary.meanings[m]))


def _key(language: str, words: Phrase) -> _Key:
    return tuple(stem_in(language, word) for word in words)


# ------------------------------------------------------------------------------- data


@cache
def glossary_with(synonyms: tuple[tuple[str, ...], ...] = ()) -> Glossary:
    """Return the glossary that comes with Deskhand, and a company's own words.

    Args:
        synonyms: For each meaning, what is said for it, in any language.
    """
    shipped = _shipped()
    meanings: list[tuple[Phrase, ...]] = []
    keys: dict[str, dict[_Key, tuple[int, ...]]] = {name: {} for name in LANGUAGES}
    lines: list[Mapping[str, Sequence[str]]] = [
        *shipped["same"],
        *(dict.fromkeys(LANGUAGES, line) for line in synonyms),
    ]
    for number, line in enumerate(lines):
        said = [phrase for name in LANGUAGES for phrase in _phrases(line, name)]
        meanings.append(tuple(dict.fromkeys(said)))
        for name in LANGUAGES:
            for phrase in _phrases(line, name):
                known = keys[name].setdefault(_key(name, phrase), ())
                keys[name][_key(name, phrase)] = tuple(dict.fromkeys((*known, number)))
    return Glossary(
        stop=frozenset(w for text in shipped["stop"].values() for w in words_of(text)),
        meanings=tuple(meanings),
        keys=keys,
        longest=max(len(phrase) for meaning in meanings for phrase in meaning),
    )


def _phrases(line: Mapping[str, Sequence[str]], language: str) -> Iterator[Phrase]:
    for said in line.get(language, ()):
        together = words_of(said.replace("-", " "))
        yield together
        if "-" in said:
            yield (words_of(said)[-1],)


@cache
def _shipped() -> dict[str, Any]:
    file = files("agents").joinpath("data", "glossary.toml")
    return tomllib.loads(file.read_text("utf-8"))
