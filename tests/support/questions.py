"""The questions in ``tests/knowledge``, and what a search makes of them."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.company.file import ArticleFile
from bot.knowledge.ranking import FITS
from bot.knowledge.sections import sections_of
from bot.ports.records import Passage
from tests.support.companies import HOSPITAL, ROOT, SAMPLE

FILES = {
    ROOT / "tests/knowledge/acme.toml": SAMPLE,
    ROOT / "tests/knowledge/hospital.toml": HOSPITAL,
}
"""Whose company's articles each file asks about."""
_EVERY = 3
"""One question of so many is held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, and where its answer is."""

    ask: str
    language: str
    misspelt: bool
    answer: tuple[str, ...]
    """Sections, any of which will do; empty: none answers it."""
    held_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found for a question, best first."""

    question: Question
    found: Sequence[Passage]

    @property
    def places(self) -> list[str]:
        return [f"{p.ref}#{''.join(p.headings[-1:])}" for p in self.found]

    @staticmethod
    def places_in(article: ArticleFile) -> list[str]:
        """Return how questions name the sections of an article."""
        sections = sections_of(article.title, article.body)
        return [f"{article.ref}#{''.join(s.headings[-1:])}" for s in sections]

    @property
    def is_recalled(self) -> bool:
        """Whether an answer is among the first three."""
        return bool(set(self.question.answer) & set(self.places[:3]))

    @property
    def outcome(self) -> Literal["right", "silent", "wrong"]:
        """Whether the best section is given as the answer, and whether it is one."""
        if not self.found or self.found[0].fit < FITS:
            return "silent" if self.question.answer else "right"
        return "right" if self.places[0] in self.question.answer else "wrong"


def questions_in(path: Path) -> list[Question]:
    """Return the questions of one file."""
    return [
        Question(
            ask=one["ask"],
            language=one["in"],
            misspelt=one.get("misspelt", False),
            answer=tuple(one["answer"]),
            held_out=number % _EVERY == 0,
        )
        for number, one in enumerate(
            tomllib.loads(path.read_text("utf-8"))["questions"]
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of some questions."""

    answerable: int
    recalled: int
    right: int
    silent: int
    wrong: int
    unanswerable: int
    wrongly: int
    """Unanswerable ones that were answered."""

    @property
    def recall(self) -> float:
        return self.recalled / self.answerable if self.answerable else 1.0


def figures_of(looked: Iterable[Looked]) -> Figures:
    """Count."""
    looked = list(looked)
    asked = [one for one in looked if one.question.answer]
    others = [one for one in looked if not one.question.answer]
    came = Counter(one.outcome for one in asked)
    return Figures(
        answerable=len(asked),
        recalled=sum(one.is_recalled for one in asked),
        right=came["right"],
        silent=came["silent"],
        wrong=came["wrong"],
        unanswerable=len(others),
        wrongly=sum(one.outcome == "wrong" for one in others),
    )
