"""From what somebody wrote to what they want: rules, the first that fits wins. Pure.

English only, and proud of being a list: what it does not understand it asks about.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from agents.language import sentences
from agents.models import asking, changing, conversing, guessing, using
from agents.models.acts import Act, Change, SmallTalk, Unclear, Unwish, Wish
from agents.models.context import Context
from agents.models.sentence import Sentence, sentence_of

_Rule: TypeAlias = Callable[[Sentence, Context], list[Act] | None]

_RULES: tuple[_Rule, ...] = (
    using.use,
    changing.answer_to_what,
    guessing.answer_to_need,
    conversing.answer,
    conversing.small_talk,
    conversing.password,
    conversing.ticket,
    conversing.waiting_list,
    changing.change,
    conversing.withdraw,
    conversing.status,
    asking.for_other,
    asking.person,
    asking.about_rules,
    asking.about_thing,
    guessing.guess,
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
    asked, last = context.asked, ""
    for part in _parts(text):
        here = replace(
            context,
            asked=(*asked, last) if last else asked,
            waiting=with_wished(context.waiting, acts),
        )
        sentence = sentence_of(part, context.vocabulary)
        acts = folded_in(acts, _acts_of(sentence, here))
        if sentence.things:
            # Nothing else is read again, except what was said last.
            asked, last = (*here.asked, part), ""
        else:
            last = part
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


def with_wished(waiting: Sequence[str], acts: Sequence[Act]) -> tuple[str, ...]:
    """Return the things that are asked for once ``acts`` are, the latest last."""
    wished = [act.thing for act in acts if isinstance(act, Wish)]
    return (*(thing for thing in waiting if thing not in wished), *wished)


def folded_in(acts: Sequence[Act], later: Sequence[Act]) -> list[Act]:
    """Return ``acts`` as corrected by ``later`` ones.

    A wish for the same thing replaces the one before and keeps what it does not say
    itself: the grant, for how long, why. A change of something that is not wished for
    here stays a change.
    """
    kept = list(acts)
    for act in later:
        match act:
            case Wish():
                kept = _wished(kept, act)
            case Unwish(thing=thing):
                kept = [k for k in kept if not _is_about(k, thing)]
                kept.append(act)
            case Change():
                kept = _changed(kept, act)
            case _:
                kept += [] if act in kept else [act]
    return kept


def _wished(acts: list[Act], wish: Wish) -> list[Act]:
    same = [a for a in acts if isinstance(a, Wish) and a.thing == wish.thing]
    if same:
        grant = wish.grant if wish.said else same[-1].grant
        wish = replace(_on_top_of(same[-1], wish), grant=grant)
    if wish.adds and wish.grant not in {s.grant for s in same}:
        return [*acts, wish]
    return [*(act for act in acts if not _is_about(act, wish.thing)), wish]


def _changed(acts: list[Act], change: Change) -> list[Act]:
    for known in acts:
        match known:
            case Wish(thing=thing) if thing == change.thing:
                moved = any(wish.thing != thing for wish in change.wants)
                rest = [a for a in acts if not (moved and _is_about(a, thing))]
                return folded_in(rest, [_on_top_of(known, w) for w in change.wants])
            case Change(thing=thing) if thing == change.thing:
                wants = folded_in(known.wants, change.wants)
                both = replace(
                    change,
                    wants=tuple(wish for wish in wants if isinstance(wish, Wish)),
                    text=f"{known.text} {change.text}",
                    told=known.told or change.told,
                )
                return [both if act is known else act for act in acts]
            case _:
                pass
    return [*acts, change]


def _on_top_of(known: Wish, wish: Wish) -> Wish:
    """Return ``wish`` with what ``known`` said and it does not."""
    return replace(
        wish, reason=wish.reason or known.reason, days=wish.days or known.days
    )


def _is_about(act: Act, thing: str) -> bool:
    return isinstance(act, Wish | Unwish) and act.thing == thing


def _acts_of(sentence: Sentence, context: Context) -> list[Act]:
    for rule in _RULES:
        acts = rule(sentence, context)
        if acts is not None:
            return acts
    return [Unclear()]
