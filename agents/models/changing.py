"""Rules for second thoughts: what was asked for is to be something else. Pure.

What is asked for already (`Context.waiting`) decides how a sentence reads: "I need it
for two weeks" means nothing by itself. Only what is asked for can be changed, so
without it none of these rules fits.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from agents.language import content_words
from agents.models import phrases
from agents.models.acts import Act, Change, SmallTalk, Wish
from agents.models.asking import for_other, is_wanting, wishes_for
from agents.models.context import Context, is_question, topics
from agents.models.durations import days_in, without_span
from agents.models.sentence import Mention, Sentence, grant_words, sentence_of

_VERBS = (
    "change",
    "changing",
    "switch",
    "switching",
    "swap",
    "swapping",
    "replace",
    "exchange",
)
_VERBS_OF_REQUESTS = ("modify", "amend", "alter", "adjust", "update", "correct", "edit")
_INTO = re.compile(r"\b(?:to|into|for|with|by|so)\b")
_MAKE = ("make (?:it|that|this|them|my|the)",)
_RATHER = ("instead", "rather")
_SECOND_THOUGHT = (
    *("actually", "only", "just", "enough", "suffices", "after all", "better"),
)
_NO = re.compile(r"^(?:oh\W+)?(?:no|nope|wait|sorry|oops)\b")
_HELD = ("(?:need|want|have|keep|get|use|like) (?:it|that|this|them|(?:the )?access)",)
_NOTHING = ("nothing", "never ?mind", "forget it", "leave it")
_FEW = 3
"""Words that name a grant and say nothing else."""
_FILLING = frozenset(
    """
    a about access actually and are be but can could do enough for i it just make
    need needed no of ok okay only please shall should so sorry still suffices that
    the then this to wait want will would
    """.split()  # noqa: SIM905 - a list of thirty quoted words is unreadable
)
"""Words that may stand beside a span of time without saying anything of their own."""


def answer_to_what(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand the answer to "What should I change about …?"."""
    if not context.waiting or phrases.WHAT_TO_CHANGE not in context.answered:
        return None
    if is_question(sentence) or not content_words(sentence.text):
        return None
    if sentence.has(*_NOTHING):
        return [SmallTalk(kind="fine")]
    about = sentence_of(context.answered, context.vocabulary).things
    thing = next((t for t in about if t in context.waiting), context.waiting[-1])
    wants = _wants(sentence, thing, context)
    return [Change(thing=thing, wants=wants, text=sentence.original)]


def change(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "make it … instead", "I need it for two weeks"."""
    if is_question(sentence) or for_other(sentence, context):
        return None
    of_request = sentence.has("requests?")
    verbs = (*_VERBS, *_VERBS_OF_REQUESTS) if of_request else _VERBS
    found = re.search(
        rf"\b(?:{'|'.join(verbs)})\s+(?:my|the|our|it|that|this|them)\b", sentence.text
    )
    if found:
        return _turned(sentence, context, at=found.end(), of_request=of_request)
    if not context.waiting or sentence.adds:
        return None
    thing, wants = _meant(sentence, context)
    if not wants:
        return None
    return [Change(thing=thing, wants=wants, text=sentence.original)]


# ---------------------------------------------------------- "change it to …"


def _turned(
    sentence: Sentence, context: Context, *, at: int, of_request: bool
) -> list[Act] | None:
    """Understand a sentence that says outright that something is to change.

    Args:
        sentence: What was said.
        context: What is asked for.
        at: Where in its text the thing to change is named.
        of_request: Whether it speaks of a request.
    """
    text = sentence.original
    known = _named(sentence, context)
    if sentence.mentions and not known and of_request:
        first = sentence.mentions[0].thing.id
        return [Change(thing=first, wants=(), text=text, told=False)]
    latest = context.waiting[-1] if context.waiting else ""
    thing = known[0].thing.id if known else latest
    for start, right in _rights(sentence, context, at):
        left = [m for m in sentence.mentions if sentence.words[m.last].end <= start]
        meant = thing if known else left[0].thing.id if left else ""
        meant = meant or _by_grant(right, context) or thing
        if wants := _wants(right, meant, context):
            return [Change(thing=meant, wants=wants, text=text)] if meant else None
    if not of_request and (sentence.mentions or not latest):
        return None  # something about the thing, not about having it
    told = any(
        content_words(right.text)
        for _, right in _rights(sentence, context, at)
        if not right.text.startswith("for")
    )
    return [Change(thing=thing, wants=(), text=text, told=told and bool(thing))]


def _rights(
    sentence: Sentence, context: Context, at: int
) -> Iterator[tuple[int, Sentence]]:
    """Yield what stands after each "to" or "for", and where, the last one first."""
    starts = [found.start() for found in _INTO.finditer(sentence.text, at)]
    for start in reversed(starts):
        right = sentence_of(sentence.text[start:], context.vocabulary)
        yield start, replace(right, reason=sentence.reason)


# ---------------------------------------------------------- "… is enough"


def _meant(sentence: Sentence, context: Context) -> tuple[str, tuple[Wish, ...]]:
    """Return what is to change, and what is wanted instead; nothing for neither."""
    known = _named(sentence, context)
    others = [m for m in sentence.wanted if m.thing.id not in context.waiting]
    if others:
        return _another_thing(sentence, context, known, others)
    if known:
        return known[0].thing.id, _same_thing(sentence, known[0], context)
    if sentence.mentions:
        return "", ()
    thing = _by_grant(sentence, context)
    if thing and (_marked(sentence) or _is_short_wish(sentence)):
        return thing, _wants(sentence, thing, context)
    if _is_about_time(sentence):
        return context.waiting[-1], _wants(sentence, context.waiting[-1], context)
    return "", ()


def _another_thing(
    sentence: Sentence, context: Context, known: list[Mention], others: list[Mention]
) -> tuple[str, tuple[Wish, ...]]:
    made = [m for m in sentence.mentions if _is_made(sentence, m)]
    dropped = [m for m in sentence.mentions if m.negated]
    marked = made or dropped or sentence.has(*_MAKE, *_RATHER)
    if not (marked or _starts_with_no(sentence)):
        return "", ()
    old = next((m.thing for m in (*made, *dropped, *known)), None)
    wanted = [m for m in others if m.thing != old]
    if not wanted and old:
        return old.id, _wants(sentence, old.id, context)
    return old.id if old else context.waiting[-1], tuple(wishes_for(sentence, wanted))


def _is_made(sentence: Sentence, mention: Mention) -> bool:
    """Return whether it is what "make the …" is about."""
    before = [w.text for w in sentence.words[: mention.first]][-2:]
    return len(before) > 1 and before[0] == "make" and before[1] in {"the", "my"}


def _same_thing(
    sentence: Sentence, known: Mention, context: Context
) -> tuple[Wish, ...]:
    wants = _wants(sentence, known.thing.id, context)
    if not any(wish.said for wish in wants):
        return wants  # "… for two weeks"
    denied = bool(grant_words(sentence, known.thing, negated=True))
    return wants if denied or _marked(sentence) else ()


def _named(sentence: Sentence, context: Context) -> list[Mention]:
    """Return the mentions of what is asked for, those with a "not" first."""
    found = [m for m in sentence.mentions if m.thing.id in context.waiting]
    return sorted(found, key=lambda m: not m.negated)


def _by_grant(sentence: Sentence, context: Context) -> str:
    """Return what is asked for that has a grant which the sentence names."""
    known = dict.fromkeys((*reversed(context.waiting), *reversed(topics(context))))
    things = [context.vocabulary.thing(i) for i in known]
    for by_name in (True, False):
        for thing in filter(None, things):
            if sentence.names_grant(thing, by_name=by_name):
                return thing.id if thing.id in context.waiting else ""
    return ""


def _wants(sentence: Sentence, thing_id: str, context: Context) -> tuple[Wish, ...]:
    """Return what a sentence about ``thing_id`` wants in its place."""
    others = [m for m in sentence.wanted if m.thing.id != thing_id]
    if others:
        return tuple(wishes_for(sentence, others))
    thing = context.vocabulary.thing(thing_id)
    if thing is None:
        return ()
    said = {grant for grant, _ in grant_words(sentence, thing)}
    grant = next((g for g in reversed(thing.grants) if g in said), "")
    days = days_in(sentence.text, alone=True)
    if not grant and not days:
        return ()
    return (
        Wish(
            thing=thing_id,
            grant=grant,
            reason=sentence.reason,
            days=days,
            said=bool(grant),
        ),
    )


def _marked(sentence: Sentence) -> bool:
    return _starts_with_no(sentence) or sentence.has(*_MAKE, *_RATHER, *_SECOND_THOUGHT)


def _starts_with_no(sentence: Sentence) -> bool:
    return bool(_NO.match(sentence.text.strip()))


def _is_short_wish(sentence: Sentence) -> bool:
    return len(sentence.words) <= _FEW or is_wanting(sentence)


def _is_about_time(sentence: Sentence) -> bool:
    """Return whether the sentence says for how long, of something just meant."""
    if days_in(sentence.text) and sentence.has(*_HELD):
        return True
    if not days_in(sentence.text, alone=True):
        return False
    rest = re.findall(r"[a-z0-9']+", without_span(sentence.text))
    return set(rest) <= _FILLING
