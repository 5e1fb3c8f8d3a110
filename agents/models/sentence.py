"""One sentence with what is named in it: things, grants, people. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agents.language import Match, Word, find_phrases, folded, stem, stems, words
from agents.vocabulary import Thing, Vocabulary

_MARGIN = 4
"""What a comma or an "and" between a grant and a thing weighs, in words."""

_NOT = frozenset({"not", "no", "don't", "dont", "without", "nor"})
_NOT_BEFORE: Mapping[str, str] = {"instead": "of", "rather": "than"}

_SAYING: Mapping[str, tuple[str, ...]] = {
    "read": ("view", "look", "clone", "pull"),
    "view": ("read", "look", "see"),
    "look": ("read", "view", "see"),
    "writ": ("edit", "push", "commit", "contribute"),
    "edit": ("write", "design", "change"),
    "admin": ("administrator", "administer", "maintainer"),
    "memb": ("join",),
    "creat": ("build", "author", "publish"),
    "auth": ("write", "create", "record"),
}
"""Other words for what grants are usually called, by the grant's stem."""

_SEAT = frozenset(map(stem, ("seat", "licence", "license", "paid")))

_REASON = re.compile(
    r"\b(?:because(?: of)?|so that|so i can|so we can|in order to|since i)\b(.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A thing that is named."""

    thing: Thing
    first: int
    last: int
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence, taken apart."""

    text: str
    """Folded, without the reason."""
    original: str
    reason: str
    words: tuple[Word, ...]
    mentions: tuple[Mention, ...]
    ambiguous: tuple[tuple[str, ...], ...]
    """For each name that several things share, those things."""
    people: tuple[str, ...]
    """Ids of people named."""

    @property
    def wanted(self) -> tuple[Mention, ...]:
        """The things named without a "not"."""
        return tuple(m for m in self.mentions if not m.negated)

    @property
    def things(self) -> tuple[str, ...]:
        """Ids of the things named without a "not", each once."""
        return tuple(dict.fromkeys(m.thing.id for m in self.wanted))

    @property
    def adds(self) -> bool:
        """Whether it says that something comes on top of what was said before."""
        return self.has("also", "too", "as well", "additionally", "in addition")

    def names_grant(self, thing: Thing, *, by_name: bool) -> bool:
        """Return whether a grant of ``thing`` is named.

        Args:
            thing: Whose grants.
            by_name: Whether only the grant's own name counts, not other words for it.
        """
        return any(
            not by_name or self.words[at].stem == stems(grant)[0]
            for grant, at in grant_words(self, thing)
        )

    def has(self, *choices: str) -> bool:
        """Return whether one of the words or phrases occurs."""
        return any(re.search(rf"\b(?:{choice})\b", self.text) for choice in choices)


def sentence_of(text: str, vocabulary: Vocabulary) -> Sentence:
    """Return ``text`` with everything in it that has a name."""
    reason = _REASON.search(text)
    body = text[: reason.start()] if reason else text
    found = words(body)
    matches = find_phrases(
        found, {t.id: t.phrases for t in vocabulary.things}, typos=True
    )
    mentions: list[Mention] = []
    for match in matches:
        thing = vocabulary.thing(match.ids[0])
        if thing and len(match.ids) == 1:
            negated = _is_negated(folded(body), found, match.first, reach=3)
            mentions.append(
                Mention(
                    thing=thing, first=match.first, last=match.last, negated=negated
                )
            )
    return Sentence(
        text=folded(body),
        original=text,
        reason=reason[1].strip(" .,") if reason else "",
        words=found,
        mentions=tuple(mentions),
        ambiguous=tuple(m.ids for m in matches if len(m.ids) > 1),
        people=_people(found, vocabulary),
    )


def _people(found: tuple[Word, ...], vocabulary: Vocabulary) -> tuple[str, ...]:
    called: dict[str, list[str]] = {p.person_id: [p.name] for p in vocabulary.people}
    for person in vocabulary.people:
        first, _, rest = person.name.partition(" ")
        if rest and len(first) > 2:  # noqa: PLR2004
            called[person.person_id].append(first)
    matches = find_phrases(found, called)
    return tuple(dict.fromkeys(m.ids[0] for m in matches if len(m.ids) == 1))


def grants_in(sentence: Sentence) -> dict[str, str]:
    """Return for each wanted thing which grant the sentence says; "" if none."""
    said: dict[str, set[str]] = {m.thing.id: set() for m in sentence.wanted}
    for mention in sentence.wanted:
        for grant, at in grant_words(sentence, mention.thing):
            nearest = min(
                (m for m in sentence.wanted if _knows(m.thing, grant)),
                key=lambda m, at=at: _distance(sentence, at, m),
            )
            if nearest.thing.id == mention.thing.id:
                said[mention.thing.id].add(grant)
    return {
        m.thing.id: _largest(m.thing, said[m.thing.id]) or _seat(sentence, m)
        for m in sentence.wanted
    }


def grant_words(
    sentence: Sentence, thing: Thing, *, negated: bool = False
) -> list[tuple[str, int]]:
    """Return the thing's grants that are named, with the index of the word.

    Args:
        sentence: Where to look.
        thing: Whose grants.
        negated: Return those that are named with a "not" instead.
    """
    exact = find_phrases(sentence.words, {g: (g,) for g in thing.grants})
    meant = exact or find_phrases(
        sentence.words, {g: _sayings(g) for g in thing.grants}
    )
    return [
        (match.ids[0], match.first)
        for match in meant
        if _is_said(sentence, thing, match)
        and _is_negated(sentence.text, sentence.words, match.first, reach=2) == negated
    ]


def _is_said(sentence: Sentence, thing: Thing, match: Match) -> bool:
    """Return whether a grant is meant, not just part of a thing's name."""
    inside = [m for m in sentence.mentions if m.first <= match.first <= m.last]
    word = sentence.words[match.first].text
    return all(m.thing.id == thing.id and word in match.ids for m in inside)


def _sayings(grant: str) -> tuple[str, ...]:
    return _SAYING.get("".join(stems(grant)), ())


def _is_negated(text: str, found: tuple[Word, ...], at: int, *, reach: int) -> bool:
    """Return whether a "not" stands up to ``reach`` words before, in its clause."""
    for index in range(at - 1, max(-1, at - 1 - reach), -1):
        between = text[found[index].end : found[index + 1].start]
        if found[index].text in {"and", "but"} or set(between) & set(",;:."):
            return False
        said = found[index].text
        if said in _NOT or (
            # "instead of that one", but not "I'd rather have that one".
            said in _NOT_BEFORE and found[index + 1].text == _NOT_BEFORE[said]
        ):
            return True
    return False


def _knows(thing: Thing, grant: str) -> bool:
    return grant in thing.grants


def _distance(sentence: Sentence, at: int, mention: Mention) -> int:
    if mention.first <= at <= mention.last:
        return 0
    low, high = (at, mention.first) if at < mention.first else (mention.last, at)
    between = sentence.text[sentence.words[low].end : sentence.words[high].start]
    breaks = len(re.findall(r"[,;:]|\b(?:and|plus|also|but)\b", between))
    return high - low + _MARGIN * breaks


def _largest(thing: Thing, grants: set[str]) -> str:
    return next((g for g in reversed(thing.grants) if g in grants), "")


def _seat(sentence: Sentence, mention: Mention) -> str:
    if not mention.thing.seat_grants:
        return ""
    for at, word in enumerate(sentence.words):
        if word.stem not in _SEAT:
            continue
        nearest = min(sentence.wanted, key=lambda m, at=at: _distance(sentence, at, m))
        if nearest is mention:
            return mention.thing.first_grant
    return ""
