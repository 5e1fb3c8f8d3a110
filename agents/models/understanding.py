"""From what somebody wrote to what they want: rules, the first that fits wins. Pure.

English only, and proud of being a list: what it does not understand it asks about.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from agents.language import sentences
from agents.models import asking, conversing
from agents.models.acts import Act, SmallTalk, Unclear, Unwish, Wish
from agents.models.context import Context
from agents.models.sentence import Sentence, sentence_of

_Rule: TypeAlias = Callable[[Sentence, Context], list[Act] | None]

_RULES: tuple[_Rule, ...] = (
    conversing.answer,
    conversing.small_talk,
    conversing.password,
    conversing.ticket,
    conversing.waiting_list,
    conversing.withdraw,
    conversing.status,
    asking.for_other,
    asking.person,
    asking.about_rules,
    asking.about_thing,
    asking.question,
    asking.wishes,
    asking.correction,
    asking.anything_else,
)


_LONGEST = 40
"""Words that are read together. The work grows with their fourth power, and a person
who pastes a page must not keep everybody else waiting."""


def understand(text: str, context: Context) -> list[Act]:
    """Return what ``text`` asks for, in order; never empty."""
    acts: list[Act] = []
    asked = list(context.asked)
    for part in _parts(text):
        here = replace(context, asked=tuple(asked))
        acts = folded_in(acts, _acts_of(sentence_of(part, context.vocabulary), here))
        asked.append(part)
    serious: list[Act] = [
        act for act in acts if not isinstance(act, SmallTalk | Unclear)
    ]
    if serious:
        return serious
    return acts or [Unclear()]


def _parts(text: str) -> Iterator[str]:
    """Yield the sentences, endless ones in pieces."""
    for part in sentences(text) or [text]:
        said = part.split()
        if len(said) <= _LONGEST:
            yield part
            continue
        for start in range(0, len(said), _LONGEST):
            yield " ".join(said[start : start + _LONGEST])


def folded_in(acts: Sequence[Act], later: Sequence[Act]) -> list[Act]:
    """Return ``acts`` as corrected by ``later`` ones."""
    kept = list(acts)
    for act in later:
        if isinstance(act, Wish | Unwish):
            kept = [k for k in kept if not _is_about(k, act.thing)]
        if act not in kept:
            kept.append(act)
    return kept


def _is_about(act: Act, thing: str) -> bool:
    return isinstance(act, Wish | Unwish) and act.thing == thing


def _acts_of(sentence: Sentence, context: Context) -> list[Act]:
    for rule in _RULES:
        acts = rule(sentence, context)
        if acts is not None:
            return acts
    return [Unclear()]
