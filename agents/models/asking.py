"""Rules for people, facts, questions and wishes. Pure.

Each rule looks at one sentence and the conversation before it, and returns acts, or
``None`` to let the next rule look.
"""

import re
from collections.abc import Sequence

from agents.language import content_words, folded
from agents.models.acts import (
    AboutRules,
    AboutThing,
    Act,
    Ambiguous,
    FindPerson,
    ForOther,
    HowTo,
    Unclear,
    Unwish,
    WhoAmI,
    Wish,
)
from agents.models.context import Context, is_question, topics
from agents.models.conversing import COLLEAGUES
from agents.models.durations import days_in, without_span
from agents.models.sentence import Mention, Sentence, grant_words, grants_in
from agents.vocabulary import Thing

# ------------------------------------------------------------------ people and facts

_OTHERS = re.compile(rf"\bfor (?:my |our |the |a )?(?:{COLLEAGUES})\b")


def for_other(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand that somebody else is meant."""
    if not sentence.mentions or is_question(sentence):
        return None
    for person in context.vocabulary.people:
        if person.person_id in sentence.people and (
            person.person_id != context.requester
        ):
            first = person.name.split()[0]
            name = f"(?:{_plain(person.name)}|{_plain(first)})"
            if sentence.has(
                f"for {name}",
                f"{name} (?:\\w+ )?(?:needs?|wants?)",
                f"(?:give|get|to) {name}",
            ):
                return [ForOther(who=person.name)]
    if found := _OTHERS.search(sentence.text):
        return [ForOther(who=found[0].removeprefix("for "))]
    return None


def _plain(name: str) -> str:
    return re.escape(folded(name))


def person(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand questions about people."""
    if sentence.has("who am i", "who(?:'s| is) my (?:manager|boss)", "my department"):
        return [WhoAmI()]
    found = re.search(
        r"(?:who(?:'s| is| are)|find|look up|contact|reach|e-?mail (?:of|address))\s+(.+)",
        sentence.text,
    )
    if not found or sentence.mentions:
        return None
    named = [
        p.name for p in context.vocabulary.people if p.person_id in sentence.people
    ]
    if named:
        return [FindPerson(query=named[0])]
    if sentence.has("who is", "who's", "who are"):
        return [FindPerson(query=found[1].strip(" ?.!").removeprefix("the "))]
    return None


_RULE_WORDS = (
    "allowed",
    "would i (?:get|be)",
    "need (?:an )?approval",
    "who (?:approves|decides|has to|must)",
    "if i asked?",
    "be approved",
    "approval (?:needed|for)",
)
_FACT_WORDS = (
    "how much",
    "costs?",
    "price",
    "in stock",
    "how many",
    "left",
    "available",
    "what(?:'s| is) (?!the (?:status|state))",
    "who owns",
    "owner",
    "responsible",
    "how long (?:does|do|is)",
    "delivery",
)


def about_rules(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "am I allowed …?"."""
    del context
    if not sentence.wanted or not sentence.has(*_RULE_WORDS):
        return None
    grants = grants_in(sentence)
    return [
        AboutRules(thing=m.thing.id, grant=grants[m.thing.id] or _smallest(m.thing))
        for m in sentence.wanted
    ]


def about_thing(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand questions about what a thing is or costs."""
    del context
    if not sentence.wanted or not sentence.has(*_FACT_WORDS):
        return None
    if not is_question(sentence):
        return None
    return [AboutThing(thing=thing) for thing in sentence.things]


# ------------------------------------------------------------- questions and wishes

_TROUBLE = (
    "drops?",
    "dropp\\w+",
    "broken?",
    "broke",
    "errors?",
    "(?:does|do|is|did)(?:n't| not) (?:work|start|open|connect|load)\\w*",
    "not working",
    "fails?",
    "failed",
    "crash\\w*",
    "slow",
    "stolen",
    "lost",
    "stuck",
    "problems?",
    "issues?",
    "can't (?:connect|log|sign|open)",
    # German and Spanish, for the articles.
    "gestohlen",
    "verloren",
    "kaputt",
    "(?:geht|funktioniert|ladt|bricht)",
    "robad[oa]",
    "perdid[oa]",
    "no funciona",
)
_ASKING = (
    "needs?",
    "want",
    "get",
    "request\\w*",
    "order\\w*",
    "give",
    "grant",
    "assign",
    "i'd like",
    "would like",
    "rather have",
    "please",
    "(?:can|could|may|might) (?:i|we) (?:\\w+ )?have",
    "access",
    "add me",
    "join",
    "missing",
    "require",
    "put me",
)
_ASKING_WORDS = {"request", "order", "access", "require", "missing", "join", "add"}


def question(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand how-to questions and reports of trouble."""
    del context
    if not is_question(sentence) and not is_trouble(sentence):
        return None
    return _how_to(sentence)


def wishes(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand that things are wanted."""
    del context
    if not sentence.mentions and not sentence.ambiguous:
        return None
    if not _is_asking(sentence):
        return [Unclear(things=sentence.things)] if sentence.things else None
    return [
        *(Unwish(thing=m.thing.id) for m in sentence.mentions if m.negated),
        *wishes_for(sentence, sentence.wanted),
        *(Ambiguous(things=ids) for ids in sentence.ambiguous),
    ]


def wishes_for(sentence: Sentence, mentions: Sequence[Mention]) -> list[Wish]:
    """Return the wishes for some of the things that a sentence names."""
    grants = grants_in(sentence)
    return [
        Wish(
            thing=m.thing.id,
            grant=grants[m.thing.id] or _smallest(m.thing),
            reason=sentence.reason,
            days=days_in(sentence.text),
            said=bool(grants[m.thing.id]) or not m.thing.grants,
            adds=sentence.adds,
        )
        for m in mentions
    ]


def correction(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "write access, not read" by what was talked about before."""
    things = [context.vocabulary.thing(i) for i in reversed(topics(context))]
    for by_name in (True, False):
        for thing in filter(None, things):
            if not sentence.names_grant(thing, by_name=by_name):
                continue
            grants = {grant for grant, _ in grant_words(sentence, thing)}
            return [
                Wish(
                    thing=thing.id,
                    grant=next(g for g in reversed(thing.grants) if g in grants),
                    reason=sentence.reason,
                    days=days_in(sentence.text),
                    adds=sentence.adds,
                )
            ]
    return None


def anything_else(sentence: Sentence, context: Context) -> list[Act] | None:
    """Take anything else for a question that an article may answer."""
    del context
    return _how_to(sentence)


def _how_to(sentence: Sentence) -> list[Act]:
    said = [w for w in content_words(sentence.text) if w not in _ASKING_WORDS]
    if not said:
        return [Unclear(things=sentence.things)]
    return [HowTo(query=" ".join(said), things=sentence.things)]


def is_trouble(sentence: Sentence) -> bool:
    """Return whether the sentence reports that something is wrong."""
    return sentence.has(*_TROUBLE) and not sentence.has("need", "want", "order")


def is_wanting(sentence: Sentence, *, politely: bool = True) -> bool:
    """Return whether the sentence says that something is wanted.

    Args:
        sentence: What was said.
        politely: Whether "please" alone says so.
    """
    return sentence.has(*(w for w in _ASKING if politely or w != "please"))


def _is_asking(sentence: Sentence) -> bool:
    if is_wanting(sentence) or any(
        grant_words(sentence, m.thing) for m in sentence.wanted
    ):
        return True
    last = sentence.text.rsplit(":", maxsplit=1)[-1]
    named = {
        word.text
        for m in sentence.mentions
        for word in sentence.words[m.first : m.last + 1]
    }
    rest = [word for word in content_words(without_span(last)) if word not in named]
    return len(rest) <= 1 and not re.search(r"\b(?:i|i'm|we|you|is|are|was)\b", last)


def _smallest(thing: Thing) -> str:
    return thing.grants[0] if thing.grants else ""
