"""What the turns of the benchmark say, and how much of it a message shows. Pure.

An answer is a row of words of one pattern (``zabe zaci …``), none of them twice, that
nothing else in a message looks like. So it can be told from the message alone which
part of the answer it shows, whatever stands around it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, product

from adapters.simulator.bench.pacing.traces import Trace

_VOWELS = "aeiou"
_CONSONANTS = "bcdfghjklmnpqrstvwxy"
_WORDS = tuple("z" + "".join(rest) for rest in product(_VOWELS, _CONSONANTS, _VOWELS))
_WORD = len(_WORDS[0])
_PLACE = {word: number * _WORD for number, word in enumerate(_WORDS)}
"""Where each word begins in an answer without spaces."""
_ALL = "".join(_WORDS)
_RUN = re.compile(
    rf"(?:z[{_VOWELS}][{_CONSONANTS}][{_VOWELS}])+(?:z[{_VOWELS}]?[{_CONSONANTS}]?)?"
)
"""Whole words, and what may be the beginning of another."""
_TEXT = " ".join(_WORDS)


@dataclass(frozen=True, slots=True)
class Part:
    """From which character of an answer without spaces to which."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What one message shows of an answer."""

    parts: tuple[Part, ...] = ()
    working: bool = False
    """Whether more will come in it, as far as it shows."""
    alive: bool = False
    """Whether it says that somebody is at work: whether more will come in it, unless it
    names another message for that."""

    @property
    def in_order(self) -> bool:
        """Whether it shows one part at most, without a gap and nothing twice."""
        return len(self.parts) <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The text of one turn, in the tokens in which it is said."""

    tokens: tuple[str, ...]
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "".join(self.tokens))

    @property
    def size(self) -> int:
        """Characters that are no spaces."""
        return len(_bare(self.text))

    def sizes(self) -> list[int]:
        """Return how many characters, spaces aside, are said with each token."""
        return list(accumulate(len(_bare(token)) for token in self.tokens))

    def seen(self, sights: Iterable[Sight]) -> int:
        """Return up to which character (spaces aside) messages show it together."""
        upto = 0
        parts = [part for sight in sights for part in sight.parts]
        for part in sorted(parts, key=lambda part: part.begin):
            if part.begin <= upto:
                upto = max(upto, part.end)
        return min(upto, self.size)


def answer_of(trace: Trace) -> Answer:
    """Return what is said in a turn: its tokens are as long as the trace says.

    Raises:
        ValueError: The answer is too long to be made of words that differ.
    """
    if trace.size >= len(_TEXT):
        raise ValueError(f"{trace.size} characters are too many for one answer")
    ends = [size for _, size in trace.said]
    if _TEXT[ends[-1] - 1] == " ":  # nobody shows a space at the end
        ends[-1] += 1
    pieces = zip([0, *ends[:-1]], ends, strict=True)
    return Answer(tokens=tuple(_TEXT[begin:end] for begin, end in pieces))


def parts_in(*texts: str) -> tuple[Part, ...]:
    """Return the parts that texts one below the other show; what joins is one."""
    joined: list[Part] = []
    for part in (part for text in texts for part in _words_in(text)):
        if joined and joined[-1].end == part.begin:
            joined[-1] = Part(joined[-1].begin, part.end)
        else:
            joined.append(part)
    return tuple(joined)


@lru_cache(maxsize=4096)
def _words_in(text: str) -> tuple[Part, ...]:
    return tuple(part for run in _RUN.findall(_bare(text)) for part in _parts_of(run))


def _parts_of(run: str) -> list[Part]:
    """Return the part that each word of a run is, the last one with what is cut off."""
    whole = len(run) // _WORD * _WORD
    begins = [_PLACE[run[at : at + _WORD]] for at in range(0, whole, _WORD)]
    found = [Part(begin, begin + _WORD) for begin in begins]
    end = found[-1].end
    for character in run[whole:]:
        if _ALL[end : end + 1] != character:
            break
        end += 1
    return [*found[:-1], Part(found[-1].begin, end)]


def _bare(text: str) -> str:
    return "".join(text.split())
