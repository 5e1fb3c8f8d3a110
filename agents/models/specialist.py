"""The dialogue of a specialist: look things up, ask for them, say what became of it.

Each reply is a function of the transcript alone: what the task and later messages
want, less what was already called, is what to call next. Pure.
"""

from agents.models import phrases
from agents.models.acts import Act, HowTo, Reset, Unwish, WaitFor, Wish
from agents.models.articles import answer_from
from agents.models.draft import Draft, Proposal, Scene
from agents.models.transcript import Done
from agents.models.understanding import folded_in, understand
from agents.vocabulary import Thing

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
        later = understand(text, scene.context(texts[:index]))
        acts = folded_in(acts, [act for act in later if _is_mine(scene, acts, act)])
    return acts


def _is_mine(scene: Scene, acts: list[Act], act: Act) -> bool:
    """Return whether a correction concerns this specialist."""
    if not isinstance(act, Wish | Unwish):
        return False
    thing = scene.vocabulary.thing(act.thing)
    wished = {known.thing for known in acts if isinstance(known, Wish)}
    return act.thing in wished or (
        thing is not None and thing.specialist == scene.question.agent
    )


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
    done = [(known.name, known.arguments) for known in scene.reading.done]
    return tuple(
        proposal
        for proposal in proposed
        if proposal
        and proposal.name in scene.tools
        and (proposal.name, proposal.arguments) not in done
    )


def _proposal(scene: Scene, act: Act) -> Proposal | None:
    match act:
        case Wish(thing=thing_id, grant=grant, reason=reason):
            thing = _thing(scene, thing_id)
            if _held(scene, thing, grant):
                return None
            arguments = {"resource": thing_id, "reason": reason}
            if grant:
                arguments["grant"] = grant
            return Proposal(name=thing.asked_with, arguments={**arguments})
        case WaitFor(thing=thing_id):
            return Proposal(name="join_waitlist", arguments={"resource": thing_id})
        case Reset(person=person):
            return Proposal(name="reset_password", arguments={"person": person})
        case HowTo(query=query):
            return Proposal(name="search_knowledge", arguments={"query": query})
        case _:
            return None


def _entries(scene: Scene) -> dict[str, Done]:
    """Return for each thing the look-up that found it, or was to find it."""
    return {
        done.argument("query"): done
        for done in scene.reading.done
        if done.name == "look_up_catalog"
    }


def _held(scene: Scene, thing: Thing, grant: str) -> str:
    """Return the grant that the person had before and that includes ``grant``."""
    asked = any(
        done.argument("resource") == thing.id and done.argument("grant") == grant
        for done in scene.reading.done
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
    lines = [_line(scene, done) for done in scene.reading.done]
    lines += [_there_already(scene, act) for act in acts if isinstance(act, Wish)]
    lines = [line for line in dict.fromkeys(lines) if line]
    task = scene.reading.before[0] if scene.reading.before else ""
    task = task or (scene.reading.now[0] if scene.reading.now else "")
    return lines or [phrases.cannot(task, scene.vocabulary)]


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
            found = done.value("articles")
            query = done.argument("query")
            answer = answer_from(found if isinstance(found, list) else [], query)
            return answer or phrases.nothing_found(scene.vocabulary, query)
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
