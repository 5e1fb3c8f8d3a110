"""From a sentence to a tool's arguments, by what the schema says of each. Pure.

Values of a list, numbers, days, addresses, people and things are found wherever they
stand; what is in quotes, or else what is left over, is the one text that a tool needs.
Where it could be either of two, nothing is taken, and the person is asked.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agents.language import STOP_WORDS, folded, stem, stems
from agents.models.sentence import Sentence
from agents.models.typed import NUMBERS, Schema, properties_of
from agents.vocabulary import Vocabulary

_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”“»]|`([^`]+)`")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][a-z]+)?")
_ADDRESS = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)]")
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBER = re.compile(r"(?<![\w.,:/-])-?\d{1,15}(?:\.\d{1,15})?(?![\w/:-]|[.,]\d)")
_WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
_SOMEBODY = frozenset(
    map(stem, ("person", "people", "colleague", "employee", "user", "who", "manager"))
)
_SOMETHING = frozenset(map(stem, ("resource", "app", "system", "software", "device")))
_POLITE = frozenset({"please", "thanks", "thank", "called", "named", "number", "today"})
_NOT_NUMBERS = frozenset({"one", "zero"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a sentence says of a tool's arguments."""

    given: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    """What the tool needs and the sentence does not say."""


def filled(
    sentence: Sentence,
    schema: Schema,
    *,
    explained: Collection[str],
    vocabulary: Vocabulary,
    today: date | None,
) -> Filled:
    """Return the arguments that ``sentence`` gives.

    Args:
        sentence: In the person's words.
        schema: Of the tool's arguments.
        explained: Stems of the words that say which tool is meant.
        vocabulary: What people and things are called.
        today: For "tomorrow"; ``None``: only whole dates are understood.
    """
    takes = properties_of(schema)
    required = [name for name in schema.get("required", ()) if name in takes]
    found: dict[str, str] = {}
    for name, said in takes.items():
        if values := _of_kind(sentence, name, said, vocabulary, today):
            found[name] = values
    found |= _numbers(sentence.original, takes, required)
    texts = [n for n in required if n not in found and _is_text(takes[n])]
    quoted = [a or b for a, b in _QUOTED.findall(sentence.original)]
    if texts and len(quoted) == len(texts):
        found |= dict(zip(texts, quoted, strict=True))
    elif len(texts) == 1 and not quoted:
        rest = _left_over(sentence.original, explained, [*found.values()])
        found |= {texts[0]: rest} if rest else {}
    return Filled(
        given=tuple(found.items()),
        missing=tuple(name for name in required if name not in found),
    )


def _is_text(said: Schema) -> bool:
    return said.get("type") == "string" and "enum" not in said and "format" not in said


def _of_kind(
    sentence: Sentence,
    name: str,
    said: Schema,
    vocabulary: Vocabulary,
    today: date | None,
) -> str:
    """Return the only value of an argument's kind in a sentence; empty: none, or two."""
    called = set(stems(name.replace("_", " ")))
    values: Sequence[str] = ()
    if "enum" in said:
        plain = f" {' '.join(stems(sentence.original.replace('_', ' ')))} "
        values = [
            v
            for v in said["enum"]
            if isinstance(v, str)
            and f" {' '.join(stems(v.replace('_', ' ')))} " in plain
        ]
    elif said.get("format") == "date":
        values = [*_days(sentence, today)]
    elif said.get("format") == "uri" or called & {"url", "link", "address"}:
        values = _ADDRESS.findall(sentence.original)
    elif said.get("type") == "string" and called & _SOMEBODY:
        names = {p.person_id: p.name for p in vocabulary.people}
        values = [names[person] for person in sentence.people if person in names]
    elif said.get("type") == "string" and called & _SOMETHING:
        things = map(vocabulary.thing, sentence.things)
        values = [thing.name for thing in things if thing]
    return values[0] if len(values) == 1 else ""


def _days(sentence: Sentence, today: date | None) -> Iterator[str]:
    yield from _DAY.findall(sentence.original)
    if today is None:
        return
    for words, days in (("today", 0), ("(?<!after )tomorrow", 1)):
        if sentence.has(words):
            yield (today + timedelta(days=days)).isoformat()
    for number, name in enumerate(_WEEKDAYS):
        if sentence.has(name):
            ahead = (number - today.weekday() - 1) % 7 + 1
            yield (today + timedelta(days=ahead)).isoformat()


def _numbers(
    text: str, takes: Mapping[str, Schema], required: Sequence[str]
) -> dict[str, str]:
    """Return numbers by the word beside them ("6 people", "floor 2").

    The only other number is the only other one that is needed.
    """
    plain = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)
    counted = [n for n, s in takes.items() if s.get("type") in {"integer", "number"}]
    found: dict[str, str] = {}
    loose: list[str] = []
    for number, beside in _counts(plain):
        named = [
            name
            for name in counted
            if name not in found and beside & {*stems(name.replace("_", " "))}
        ]
        if len(named) == 1:
            found[named[0]] = number
        else:
            loose.append(number)
    left = [name for name in required if name in counted and name not in found]
    if len(loose) == len(left) == 1:
        found[left[0]] = loose[0]
    return found


def _counts(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each number with the stems of the words before and after it."""
    spelt = "|".join(word for word in NUMBERS if word not in _NOT_NUMBERS)
    pattern = rf"{_NUMBER.pattern}|\b(?:{spelt})\b"
    for found in re.finditer(pattern, text, re.IGNORECASE):
        beside = [*_WORD.findall(text[: found.start()])[-1:]]
        beside += _WORD.findall(text[found.end() :])[:1]
        yield found[0], {stem(folded(word)) for word in beside}


def _left_over(text: str, explained: Collection[str], taken: Sequence[str]) -> str:
    """Return the words that say what neither the tool nor other arguments explain.

    What follows the last word about the tool, or the only words between such.
    """
    used = {stem_ for value in taken for stem_ in stems(value)}
    words = [*_WORD.finditer(text)]
    telling = [
        _tells(word[0], explained) and stem(folded(word[0])) not in used
        for word in words
    ]
    runs: list[tuple[int, int]] = []
    for at, tells in enumerate(telling):
        if not tells:
            continue
        start, last = runs[-1] if runs else (at, -2)
        between = words[last + 1 : at] if runs else []
        joined = runs and not any(_is_about_tool(w[0], explained) for w in between)
        if joined:
            runs[-1] = (start, at)
        else:
            runs.append((at, at))
    if not runs:
        return ""
    ends_there = not any(
        _is_about_tool(word[0], explained) for word in words[runs[-1][1] + 1 :]
    )
    if len(runs) > 1 and not ends_there:
        return ""
    start, last = runs[-1]
    return text[words[start].start() : words[last].end()]


def _tells(word: str, explained: Collection[str]) -> bool:
    plain = folded(word)
    return (
        plain not in STOP_WORDS
        and plain not in _POLITE
        and not _is_about_tool(word, explained)
    )


def _is_about_tool(word: str, explained: Collection[str]) -> bool:
    return stem(folded(word)) in explained
