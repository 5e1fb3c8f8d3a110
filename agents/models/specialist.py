"""The dialogue of a specialist: look things up, ask for them, say what became of it.

Each reply is a function of the transcript alone: what the task and later messages
want, less what was already called, is what to call next. Pure.
"""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from agents.models import phrases
from agents.models.acts import (
    Act,
    Change,
    HowTo,
    Reset,
    Unclear,
    Unwish,
    Use,
    WaitFor,
    Wish,
    Withdraw,
)
from agents.models.articles import answer_from, nothing_found
from agents.models.draft import Draft, Proposal, Scene
from agents.models.durations import in_days
from agents.models.telling import is_skill, needed_by, said_by
from agents.models.transcript import Done
from agents.models.understanding import folded_in, understand, with_wished
from agents.vocabulary import Thing
from bot.view import wording

SEPARATOR = ": "
"""Between a wish's words and what became of it, in a specialist's result."""


def reply_as_specialist(scene: Scene) -> Draft:
    """Return the specialist's next reply."""
    acts = _wanted(scene)
    calls = _next_calls(scene, acts)
    if calls:
        names = [
            _thing(scene, str(call.arguments.get("query", ""))).name
            for call in calls
            if call.name == "look_up_catalog"
        ]
        return Draft(text=phrases.checking(names) if names else "", calls=calls)
    return Draft(text="\n".join(_results(scene, acts)))


def _wanted(scene: Scene) -> list[Act]:
    """Return what the task wants, as corrected by what was written since."""
    texts = (*scene.reading.before, *scene.reading.now)
    acts = understand(texts[0], scene.context(())) if texts else []
    for index, text in enumerate(texts[1:], start=1):
        acts = _corrected(scene, acts, _later(scene, acts, texts[:index], text))
    return [_as_they_put_it(scene, a) if isinstance(a, Wish) else a for a in acts]


def _later(
    scene: Scene, acts: list[Act], before: tuple[str, ...], text: str
) -> list[Act]:
    waiting = with_wished((), acts)
    return understand(text, scene.context(before, waiting=waiting))


def _corrected(scene: Scene, acts: list[Act], later: list[Act]) -> list[Act]:
    """Return ``acts`` with those corrections that concern this specialist."""
    wished = [act.thing for act in acts if isinstance(act, Wish)]
    mine: list[Act] = []
    for act in later:
        match act:
            case Wish() | Unwish() if _is_mine(scene, wished, act.thing):
                mine.append(act)
            case Change() if act.thing in wished:
                mine.append(act)
            case Change():
                wants = act.wants
                mine += [w for w in wants if _is_mine(scene, wished, w.thing)]
            case Withdraw():
                mine += [Unwish(thing=thing) for thing in _dropped(wished, act)]
            case _:
                pass
    return [
        act
        for act in folded_in(acts, mine)
        if not isinstance(act, Wish) or _is_mine(scene, wished, act.thing)
    ]


def _is_mine(scene: Scene, wished: Sequence[str], thing_id: str) -> bool:
    """Return whether a thing is this specialist's to ask for."""
    thing = scene.vocabulary.thing(thing_id)
    return thing_id in wished or (
        thing is not None and thing.specialist == scene.question.agent
    )


def _dropped(wished: Sequence[str], act: Withdraw) -> Sequence[str]:
    """Return what "cancel it" takes back of what is wished for here."""
    if act.everything:
        return wished
    if act.things:
        return [thing for thing in wished if thing in act.things]
    return wished[-1:]


def _as_they_put_it(scene: Scene, wish: Wish) -> Wish:
    """Return ``wish``; a change that nobody understood is its reason.

    Whoever decides then reads it, and it is another request than the one before.
    """
    for done in scene.reading.ever:
        if done.argument("resource") != wish.thing or not _is_changed(scene, done):
            continue
        odd = [text for text in done.heard if _is_odd(scene, text)]
        if odd and not wish.reason:
            return replace(wish, reason=" ".join(odd))
    return wish


def _is_odd(scene: Scene, text: str) -> bool:
    later = _understood(scene, text)
    return all(
        isinstance(act, HowTo | Unclear) or (isinstance(act, Change) and not act.wants)
        for act in later
    )


def _understood(scene: Scene, text: str) -> list[Act]:
    """Return what a correction means to somebody who waits for all that was asked."""
    asked = [d.argument("resource") for d in scene.reading.ever]
    waiting = tuple(dict.fromkeys(thing for thing in asked if thing))
    return understand(text, scene.context((), waiting=waiting))


def _is_changed(scene: Scene, done: Done) -> bool:
    """Return whether a call's request was taken back for a change, not for good.

    A plain withdrawal counts as one if what was written along with it is about it.
    """
    if done.thought_over:
        return done.sentence == wording.CHANGED_REASON
    if not done.taken_back:
        return False
    thing = done.argument("resource")
    return any(
        isinstance(act, Wish | Change) and act.thing == thing
        for text in done.heard
        for act in _understood(scene, text)
    )


def _is_put_off(scene: Scene, done: Done) -> bool:
    """Return whether a call is to be made again if it is still wanted."""
    return done.thought_over or _is_changed(scene, done)


def _next_calls(scene: Scene, acts: list[Act]) -> tuple[Proposal, ...]:
    looked_up = _entries(scene)
    missing = [
        Proposal(name="look_up_catalog", arguments={"query": act.thing})
        for act in acts
        if isinstance(act, Wish) and act.thing not in looked_up
    ]
    if missing:
        return tuple(missing)
    proposed = [_proposal(scene, act) for act in acts]
    done = [
        (known.name, known.arguments)
        for known in scene.reading.ever
        if not _is_put_off(scene, known)
    ]
    return tuple(
        proposal
        for proposal in proposed
        if proposal
        and proposal.name in scene.tools
        and (proposal.name, proposal.arguments) not in done
    )


def _proposal(scene: Scene, act: Act) -> Proposal | None:
    match act:
        case Wish(thing=thing_id, grant=grant):
            thing = _thing(scene, thing_id)
            if _held(scene, thing, grant):
                return None
            return Proposal(name=thing.asked_with, arguments=_arguments(act))
        case WaitFor(thing=thing_id):
            return Proposal(name="join_waitlist", arguments={"resource": thing_id})
        case Reset(person=person):
            return Proposal(name="reset_password", arguments={"person": person})
        case HowTo(query=query):
            return Proposal(name="search_knowledge", arguments={"query": query})
        case Use(tool=tool) if not act.missing:
            return Proposal(name=tool, arguments=scene.given_to(act))
        case _:
            return None


def _arguments(wish: Wish) -> dict[str, JsonValue]:
    if wish.grant:
        days: dict[str, JsonValue] = {"days": wish.days} if wish.days else {}
        arguments = {"resource": wish.thing, "reason": wish.reason}
        return {**arguments, "grant": wish.grant, **days}
    # What is ordered does not end; whoever decides may want to know nevertheless.
    said = (in_days(wish.days) if wish.days else "", wish.reason)
    reason = ", ".join(part for part in said if part)
    return {"resource": wish.thing, "reason": reason}


def _entries(scene: Scene) -> dict[str, Done]:
    """Return for each thing the look-up that found it, or was to find it."""
    return {
        done.argument("query"): done
        for done in scene.reading.ever
        if done.name == "look_up_catalog"
    }


def _held(scene: Scene, thing: Thing, grant: str) -> str:
    """Return the grant that the person had before and that includes ``grant``."""
    asked = any(
        done.argument("resource") == thing.id and done.argument("grant") == grant
        for done in scene.reading.ever
    )
    entry = _entries(scene).get(thing.id)
    found = entry.value("resources") if entry else None
    if asked or not isinstance(found, list):
        return ""
    for resource in found:
        held = resource.get("you_have") if isinstance(resource, dict) else None
        if isinstance(held, str) and held in thing.grants and grant in thing.grants:
            includes = thing.grants.index(held) >= thing.grants.index(grant)
            return held if includes else ""
    return ""


def _thing(scene: Scene, thing_id: str) -> Thing:
    thing = scene.vocabulary.thing(thing_id)
    assert thing is not None, "understanding names things of the vocabulary"
    return thing


# -------------------------------------------------------------------------- results


def _results(scene: Scene, acts: list[Act]) -> list[str]:
    calls = scene.reading.ever
    lines = [
        _line(scene, done)
        for index, done in enumerate(calls)
        if not (_is_put_off(scene, done) and _is_made_again(done, calls[index + 1 :]))
    ]
    lines += [_there_already(scene, act) for act in acts if isinstance(act, Wish)]
    lines += [needed_by(scene, act) for act in acts if isinstance(act, Use)]
    lines = [line for line in dict.fromkeys(lines) if line]
    task = scene.reading.before[0] if scene.reading.before else ""
    task = task or (scene.reading.now[0] if scene.reading.now else "")
    return lines or [phrases.cannot(task, scene.vocabulary)]


def _is_made_again(done: Done, later: Sequence[Done]) -> bool:
    """Return whether a later call asked for the same thing in its place."""
    return any(
        call.name == done.name
        and call.argument("resource") == done.argument("resource")
        for call in later
    )


def _there_already(scene: Scene, wish: Wish) -> str:
    thing = _thing(scene, wish.thing)
    held = _held(scene, thing, wish.grant)
    if not held:
        return ""
    sentence = phrases.already_have(phrases.wanted(thing, held))
    return f"{thing.words[wish.grant]}{SEPARATOR}{sentence}"


def _line(scene: Scene, done: Done) -> str:
    match done.name:
        case "look_up_catalog":
            return ""
        case "search_knowledge":
            return answer_from(done) or nothing_found(scene, done)
        case name if is_skill(scene, name):
            return said_by(scene, done)
        case "reset_password":
            return f"password reset{SEPARATOR}{done.sentence}"
        case "join_waitlist":
            thing = _thing(scene, done.argument("resource"))
            return f"waiting list for {thing.name}{SEPARATOR}{done.sentence}"
        case _:
            return f"{_words(scene, done)}{SEPARATOR}{done.sentence}"


def _words(scene: Scene, done: Done) -> str:
    thing = scene.vocabulary.thing(done.argument("resource"))
    if thing is None:
        return done.name.replace("_", " ")
    return thing.words.get(done.argument("grant"), thing.name)
