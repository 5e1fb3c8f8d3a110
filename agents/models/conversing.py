"""Rules for talk, passwords, and what is already asked for. Pure.

Each rule looks at one sentence and the conversation before it, and returns acts, or
``None`` to let the next rule look.
"""

import re

from agents.models.acts import (
    Act,
    Reset,
    SmallTalk,
    Status,
    Ticket,
    Unclear,
    WaitFor,
    Withdraw,
)
from agents.models.context import Context, is_question, topics
from agents.models.sentence import Sentence, sentence_of

COLLEAGUES = (
    "colleague\\w*|co-?worker\\w*|team ?mate\\w*|manager|boss|friend|team|intern|"
    "assistant|report|someone|somebody|anyone|everyone|him|her|them|his|their|wife|"
    "husband|partner|ceo"
)
"""Words for people who are not the requester, as a pattern."""

# ---------------------------------------------------------------- talk about nothing

_GREETINGS = {"hi", "hello", "hey", "hiya", "morning", "afternoon", "evening", "good"}
_THANKS = ("thanks?", "thank you", "thx", "cheers", "great", "perfect", "nice", "cool")
_ABILITIES = (
    "what can you do",
    "what do you do",
    "who are you",
    "what are you",
    "how can you help",
    "can you help",
    "help me please",
)
_YES = {"yes", "yep", "yeah", "sure", "ok", "okay", "y", "do", "please", "go", "ahead"}
_NO = {"no", "nope", "thanks", "thank", "you", "nah"}
_SHORT = 6


def small_talk(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand greetings, thanks and "what can you do"."""
    del context
    said = {word.text for word in sentence.words}
    if sentence.mentions or len(sentence.words) > _SHORT:
        return None
    if sentence.has(*_ABILITIES) or said in ({"help"}, {"help", "please"}):
        return [SmallTalk(kind="abilities")]
    if sentence.has(*_THANKS) and not sentence.has("password", "but"):
        return [SmallTalk(kind="thanks")]
    polite = _GREETINGS | {"there", "deskhand", "all", "everyone", "to", "you"}
    if said and said <= polite and said & _GREETINGS:
        return [SmallTalk(kind="greeting")]
    return None


def answer(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand yes and no to what was last offered."""
    said = {word.text for word in sentence.words}
    if not said or not context.answered:
        return None
    if said <= _NO and "no" in said:
        return [SmallTalk(kind="fine")]
    if not said <= _YES | {"it", "that", "me", "on", "thanks"} or not said & _YES:
        return None
    before = sentence_of(context.answered, context.vocabulary)
    if before.has("waiting list") and before.mentions:
        return [WaitFor(thing=before.mentions[-1].thing.id)]
    if before.has("ticket") and context.asked:
        return [Ticket(title=context.asked[-1])]
    return None


# ----------------------------------------------------------------------- passwords

_FORGOTTEN = (
    "reset\\w*",
    "chang\\w+",
    "forg\\w+",
    "lost",
    "new",
    "lock\\w*",
    "unlock\\w*",
    "expired",
    "remember",
)
_POSSESSIVE = re.compile(
    r"(?:reset|change|unlock|set|need|want|get|give me|tell me)?\s*(?:the\s+)?"
    r"([\w.@ -]+?)'s?\s+(?:[\w-]+\s+)?password"
)
_OF = re.compile(r"password\s+(?:of|for|from)\s+(.+?)(?:\s+please)?[.!?]*$")


def password(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand resets; a question about passwords is left to articles."""
    if not sentence.has("passwords?") or is_question(sentence):
        return None
    if not sentence.has(*_FORGOTTEN):
        return None
    return [Reset(person=_whose(sentence, context))]


def _whose(sentence: Sentence, context: Context) -> str:
    for person in context.vocabulary.people:
        if person.person_id in sentence.people:
            if person.person_id != context.requester:
                return person.name
            return ""
    found = _OF.search(sentence.text) or _POSSESSIVE.search(sentence.text)
    if not found:
        return "somebody else" if sentence.has("his", "her", "their") else ""
    owner = re.sub(r"^.*\b(?:reset|change|unlock|set)\s+(?:the\s+)?", "", found[1])
    own = re.match(r"(?:me|my|mine|myself)\b", owner)
    return "" if own and not re.search(rf"\b(?:{COLLEAGUES})\b", owner) else owner


# --------------------------------------------------------- requests that already are

_BACK = (
    "cancel\\w*",
    "withdraw\\w*",
    "retract",
    "take (?:it|that|this|them) back",
    "take back",
    "never ?mind",
    "forget (?:it|about|that)",
    "no longer",
    "any ?more",
    "changed my mind",
    "(?:don't|do not) (?:do|order|ask for|get|give me) (?:it|that|this|them|any)",
)
_HOW_IT_STANDS = (
    "what about (?:my|the|it)",
    "how about (?:my|the|it)",
    "how(?:'s| is) (?:my|the) ticket",
    "status",
    "any (?:news|updates?|progress)",
    "where(?:'s| is| are) my",
    "what happened (?:to|with)",
    "what(?:'s| is) happening with",
    "my (?:open |pending )?requests?",
    "(?:am i|still) waiting",
    "is my",
    "are my",
    "when (?:will|do|does) (?:i|my)",
    "has \\w+ (?:\\w+ )?(?:approved|decided)",
    "did \\w+ (?:\\w+ )?(?:approve|decide)",
    "do i (?:already )?have",
    "what do i have",
    "which access",
    "what access",
)


def withdraw(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "cancel it"."""
    del context
    if not sentence.has(*_BACK) or is_question(sentence):
        return None
    things = tuple(dict.fromkeys(m.thing.id for m in sentence.mentions))
    everything = sentence.has("all", "everything", "both")
    return [Withdraw(things=things, everything=everything)]


def status(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "what about my …?"."""
    del context
    if not sentence.has(*_HOW_IT_STANDS):
        return None
    if not sentence.mentions and not sentence.has(
        "requests?", "tickets?", "access", "it", "any", "status"
    ):
        return None
    return [Status(things=sentence.things)]


def ticket(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "open a ticket"."""
    found = re.search(
        r"\b(?:open|create|file|raise|make)\b.*?\bticket\b\W*(?:(?:for|about|that|on)\b)?(.*)$",
        sentence.original,
        re.IGNORECASE,
    )
    if not found or is_question(sentence):
        return None
    earlier = context.asked[-1] if context.asked else ""
    title = found[1].strip(" .:!") or earlier or sentence.original
    return [Ticket(title=title)]


def waiting_list(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand "put me on the waiting list"."""
    if not sentence.has("wait(?:ing)? ?-?list", "put me on the list"):
        return None
    if is_question(sentence) and not sentence.has("can you", "could you"):
        return None
    things = sentence.things or topics(context)
    return [WaitFor(thing=things[-1])] if things else [Unclear()]
