"""What the scripted model says in its own words. Pure.

It never claims that something happened: such sentences come from tools.
"""

from collections.abc import Sequence

from agents.vocabulary import Thing, Vocabulary
from bot.view import wording

FOOTER = "Scripted answers for trying things out; no language model wrote this."

WHAT_TO_CHANGE = "What should I change"
"""How the question begins that an answer may refer to."""

ONE_MORE_THING = "I need one more thing for"
"""How the question for an argument begins that an answer may refer to."""

_MAX_EXAMPLES = 3


def upper_first(text: str) -> str:
    """Return ``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Return parts as a sentence lists them."""
    if len(parts) < 2:  # noqa: PLR2004
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def wanted(thing: Thing, grant: str) -> str:
    """Return a wish's words with an article where English has one."""
    words = thing.words.get(grant, thing.name)
    if grant and grant not in thing.seat_grants:
        return words
    return f"{'an' if words[:1].casefold() in 'aeiou' else 'a'} {words}"


def examples(vocabulary: Vocabulary, things: Sequence[Thing] = ()) -> list[str]:
    """Return two or three wishes that would be understood."""
    chosen: dict[str, Thing] = {}
    for thing in things or vocabulary.things:
        if things or not thing.sensitive:
            chosen.setdefault(thing.id if things else thing.kind, thing)
    return [
        f"“I need {wanted(t, t.first_grant)}”"
        for t in list(chosen.values())[:_MAX_EXAMPLES]
    ]


def where_to_ask(vocabulary: Vocabulary) -> str:
    """Return where people help."""
    return vocabulary.help_channel or "your IT team"


def greeting(vocabulary: Vocabulary) -> str:
    """Greet with the company's words."""
    own = vocabulary.greeting or "Hi, I'm Deskhand."
    return f"{own} {abilities(vocabulary)}"


def abilities(vocabulary: Vocabulary) -> str:
    """Say what can be asked."""
    some = examples(vocabulary)
    wishes = f"For example: {listed(some, 'or')}. " if some else ""
    return (
        f"{wishes}I also answer questions from the articles here, reset your own "
        "password, and tell you how your requests stand."
    )


def thanks() -> str:
    """Answer thanks."""
    return "You're welcome. Write to me whenever you need something."


def fine() -> str:
    """Answer a no."""
    return "All right, I leave it at that."


def unclear(vocabulary: Vocabulary, things: Sequence[Thing] = ()) -> str:
    """Ask back with examples from the catalog."""
    some = examples(vocabulary, things)
    if not some:
        return "I'm not sure what you need. Could you say it in one short sentence?"
    return (
        f"I'm not sure what you need. You can write, for example, {listed(some, 'or')}."
    )


def ambiguous(things: Sequence[Thing]) -> str:
    """Ask which of several things is meant."""
    named = [f"“{thing.name}”" for thing in things]
    return f"Which one do you mean: {listed(named, 'or')}?"


def only_for_yourself(who: str) -> str:
    """Say that requests are for oneself only."""
    return (
        "You can only ask for yourself, so I did nothing. "
        f"{upper_first(who)} can write to me directly, and I'll take it from there."
    )


def nothing_found(
    vocabulary: Vocabulary, query: str, *, closest: str = "", owner: str = ""
) -> str:
    """Say that no article answers, whom to ask, and what to do then.

    Args:
        vocabulary: Where people help.
        query: What was looked for.
        closest: The article that comes nearest, if one comes near.
        owner: Who keeps that one.
    """
    asked = where_to_ask(vocabulary)
    near = (
        f"The closest is *{closest}*, kept by {owner}: ask them, or in {asked}."
        if closest and owner
        else f"You can ask in {asked}."
    )
    return (
        f"I don't know. I found nothing about “{query}”, neither in the articles nor "
        f"in the catalog. {near} Shall I open a ticket?"
    )


def just_ask(things: Sequence[Thing]) -> str:
    """Say that a thing can simply be asked for."""
    thing = things[0]
    grant = thing.first_grant
    return f"If you want it, just write “I need {wanted(thing, grant)}”."


def looking_up() -> str:
    """Introduce a search."""
    return "Let me look that up."


def seeing_about(wishes: Sequence[str]) -> str:
    """Introduce a hand-off."""
    return f"Let me see about {listed(wishes)}."


def checking(names: Sequence[str]) -> str:
    """Introduce a catalog look-up."""
    return f"Let me check {listed(names)}."


def nothing_open(names: Sequence[str] = ()) -> str:
    """Say that there is no open request, or none about these."""
    about = f" about {listed(names, 'or')}" if names else ""
    return f"You have no open request{about}."


def what_to_change(subject: str) -> str:
    """Ask what is to be different about an open request."""
    return f"{WHAT_TO_CHANGE} about your request “{subject}”?"


def unknown(ticket: str) -> str:
    """Say that nobody can tell whether something happened, and who looks into it."""
    if not ticket:
        return wording.OUTCOME_UNKNOWN
    return (
        "I could not find out whether this happened. Please don't ask for it again "
        f"before somebody has looked: ticket {ticket} is open for that."
    )


def already_have(words: str) -> str:
    """Say that there is nothing to ask for."""
    return f"You already have {words}. Nothing was changed."


def cannot(task: str, vocabulary: Vocabulary) -> str:
    """Say that a task is not understood."""
    return (
        f"I don't know how to do this: {task}. Nothing was changed. "
        f"Ask in {where_to_ask(vocabulary)}."
    )


def one_more_thing(shown: str, needed: Sequence[str]) -> str:
    """Ask for what a tool needs and nobody said.

    Args:
        shown: The tool.
        needed: Each argument with what it is, in words.
    """
    if len(needed) == 1:
        return f"{ONE_MORE_THING} {shown}: {needed[0]}. Nothing was done yet."
    return (
        f"For {shown} I need {listed(needed)}. Nothing was done yet. "
        "Please say it again with all of that, texts in quotes."
    )


def not_there(shown: str) -> str:
    """Say that a tool of an MCP server is not offered now."""
    return (
        f"I would use {shown} for this, but it is not there right now. Nothing was "
        "done. Please try again later."
    )


RESETS = "they reset passwords"
HAS_TOOL = "they have the tool for it"
_LONGEST_WHY = 200


def handles(thing: str) -> str:
    """Return why a wish for a thing goes to a specialist."""
    return f"{thing} is theirs"


def why(reasons: Sequence[str]) -> str:
    """Return why somebody is asked, in a few words."""
    said = upper_first("; ".join(dict.fromkeys(reasons)))
    return said if len(said) <= _LONGEST_WHY else f"{said[: _LONGEST_WHY - 1]}…"
