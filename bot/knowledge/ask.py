"""A question as it is looked for: terms, each with what else would do. Pure."""

from dataclasses import dataclass, field
from typing import TypeAlias

Phrase: TypeAlias = tuple[str, ...]
"""Folded words; a text has the phrase if it has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One thing that a question is about."""

    said: str
    """As it was written, folded."""
    phrases: tuple[Phrase, ...]
    """Any of them will do: what was said, and what means the same."""
    guesses: tuple[Phrase, ...] = ()
    """What may have been meant, if nothing of `phrases` is anywhere."""
    guessed: bool = field(default=False)
    """Whether `phrases` is only what may have been meant."""


Ask: TypeAlias = tuple[Term, ...]


def corrected(term: Term, near: tuple[str, ...]) -> Term:
    """Return ``term`` for another look, with what may have been meant.

    Args:
        term: Of which nothing was found.
        near: Words of the articles that it may be a misspelling of. They go before
            words of the glossary, because an article has them.
    """
    phrases = tuple((word,) for word in near) or term.guesses
    if not phrases:
        return term
    return Term(said=term.said, phrases=phrases, guessed=True)
