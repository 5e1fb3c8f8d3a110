"""The dialogue of the coordinator: answer, hand over, and sum up once. Pure.

A message is turned into acts; some are answered on the spot, some need a tool, and
wishes go to the specialists they belong to, side by side. When every call of the
exchange has its answer, one summary is written.
"""

from collections.abc import Sequence
from typing import assert_never

from agents.models import phrases
from agents.models.acts import (
    AboutRules,
    AboutThing,
    Act,
    Ambiguous,
    FindPerson,
    ForOther,
    HowTo,
    Reset,
    SmallTalk,
    Status,
    Ticket,
    Unclear,
    Unwish,
    WaitFor,
    WhoAmI,
    Wish,
    Withdraw,
)
from agents.models.draft import Draft, Proposal, Scene
from agents.models.sentence import sentence_of
from agents.models.summary import lines_of, summary_of
from agents.models.understanding import folded_in, understand
from agents.vocabulary import Thing

_MAX_TITLE = 120


def reply_as_coordinator(scene: Scene) -> Draft:
    """Return the coordinator's next reply."""
    acts = _new_acts(scene)
    acts += _left_over(scene, acts)
    said = [sentence for act in acts if (sentence := _sentence(scene, act))]
    wishes = [act for act in acts if isinstance(act, Wish) and not _told(scene, act)]
    calls = (
        *_hand_offs(scene, acts, wishes),
        *(call for act in acts for call in _own_calls(scene, act)),
    )
    if calls:
        introduction = _introduction(scene, wishes, acts)
        return Draft(text=" ".join([*said, introduction]).strip(), calls=calls)
    if scene.reading.done:
        said.append(summary_of(scene, _asked_about(scene)))
    return Draft(text="\n\n".join(said) or phrases.unclear(scene.vocabulary))


def _new_acts(scene: Scene) -> list[Act]:
    """Return what was asked since the assistant last spoke."""
    acts: list[Act] = []
    asked = scene.reading.before
    for text in scene.reading.now:
        acts = folded_in(acts, understand(text, scene.context(asked)))
        asked = (*asked, text)
    return acts


def _left_over(scene: Scene, new: Sequence[Act]) -> list[Act]:
    """Return what a reply that was cut off between two calls never came to ask.

    The calls that it made were taken as the whole reply. One reply makes at most one
    call to a specialist, so a tool that was not called at all is one it never reached.
    """
    reading = scene.reading
    seen = reading.current[: len(reading.current) - len(reading.now)]
    asked = reading.before[: len(reading.before) - len(seen)]
    acts: list[Act] = []
    for text in seen:
        acts = folded_in(acts, understand(text, scene.context(asked)))
        asked = (*asked, text)
    called = {done.name for done in reading.done}
    return [
        act
        for act in folded_in(acts, new)
        if act not in new and (tools := _tools_for(scene, act)) and not tools & called
    ]


def _tools_for(scene: Scene, act: Act) -> set[str]:
    hand_offs = _hand_offs(scene, [act], [act] if isinstance(act, Wish) else [])
    return {call.name for call in (*hand_offs, *_own_calls(scene, act))}


def _told(scene: Scene, wish: Wish) -> bool:
    """Return whether a specialist, who saw the message too, has dealt with it."""
    thing = scene.vocabulary.thing(wish.thing)
    words = thing.words.get(wish.grant, "") if thing else ""
    return any(
        line.words.casefold() == words.casefold()
        for done in scene.reading.done
        for line in lines_of(done)
    )


def _asked_about(scene: Scene) -> tuple[str, ...]:
    """Return the things whose state the exchange is about."""
    things: list[str] = []
    for text in scene.reading.current:
        for act in understand(text, scene.context(())):
            if isinstance(act, Status):
                things += act.things
    return tuple(things)


# ---------------------------------------------------------------------------- calls


def _hand_offs(
    scene: Scene, acts: Sequence[Act], wishes: Sequence[Wish]
) -> list[Proposal]:
    tasks: dict[str, list[str]] = {}
    for wish in wishes:
        thing = _thing(scene, wish.thing)
        because = f" because {wish.reason}" if wish.reason else ""
        task = f"{thing.words.get(wish.grant, thing.name)}{because}"
        tasks.setdefault(thing.specialist, []).append(task)
    for act in acts:
        match act:
            case Reset(person=person):
                whose = f"the password of {person}" if person else "my password"
                specialist = scene.vocabulary.duties.get("reset_password", "")
                tasks.setdefault(specialist, []).append(f"reset {whose}")
            case WaitFor(thing=thing_id):
                thing = _thing(scene, thing_id)
                task = f"put me on the waiting list for {thing.name}"
                tasks.setdefault(thing.specialist, []).append(task)
            case _:
                pass
    return [
        Proposal(name=f"ask_{agent}", arguments={"task": "; ".join(parts)})
        for agent, parts in tasks.items()
        if f"ask_{agent}" in scene.tools
    ]


def _own_calls(scene: Scene, act: Act) -> list[Proposal]:
    match act:
        case HowTo(query=query):
            return [Proposal(name="search_knowledge", arguments={"query": query})]
        case Status():
            return [Proposal(name="my_requests")]
        case WhoAmI():
            return [Proposal(name="who_am_i")]
        case FindPerson(query=query):
            return [Proposal(name="look_up_person", arguments={"query": query})]
        case AboutThing(thing=thing):
            return [Proposal(name="look_up_catalog", arguments={"query": thing})]
        case AboutRules(thing=thing, grant=grant):
            arguments = {"resource": thing, "grant": grant}
            return [Proposal(name="check_policy", arguments={**arguments})]
        case Ticket(title=title):
            return [_ticket(title)]
        case Withdraw():
            return [
                Proposal(name="withdraw_request", arguments={"request": request})
                for request in _requests_meant(scene, act)
            ]
        case (
            Wish()
            | Unwish()
            | WaitFor()
            | Reset()
            | ForOther()
            | SmallTalk()
            | Ambiguous()
            | Unclear()
        ):
            return []
    assert_never(act)


def _ticket(title: str) -> Proposal:
    short = title if len(title) <= _MAX_TITLE else f"{title[: _MAX_TITLE - 1]}…"
    return Proposal(
        name="open_ticket",
        arguments={"title": phrases.upper_first(short).ljust(3, "."), "body": title},
    )


def _requests_meant(scene: Scene, act: Withdraw) -> list[str]:
    """Return the open requests to withdraw: those named, all, or the latest."""
    waiting = scene.question.open_requests
    if act.things:
        waiting = tuple(
            request
            for request in waiting
            if set(act.things)
            & set(sentence_of(request.subject, scene.vocabulary).things)
        )
    chosen = waiting if act.everything or len(act.things) > 1 else waiting[-1:]
    return [request.approval_id for request in chosen]


def _introduction(scene: Scene, wishes: Sequence[Wish], acts: Sequence[Act]) -> str:
    if wishes:
        words = [phrases.wanted(_thing(scene, w.thing), w.grant) for w in wishes]
        return phrases.seeing_about(words)
    if any(isinstance(act, Withdraw | Reset | WaitFor | Ticket) for act in acts):
        return ""
    return phrases.looking_up()


# ------------------------------------------------------------------------ sentences


def _sentence(scene: Scene, act: Act) -> str:
    """Return what is said to an act without any tool; "" for nothing."""
    vocabulary = scene.vocabulary
    match act:
        case SmallTalk(kind=kind):
            return _small_talk(scene, kind)
        case ForOther(who=who):
            return phrases.only_for_yourself(who)
        case Ambiguous(things=ids):
            return phrases.ambiguous([_thing(scene, i) for i in ids])
        case Unclear(things=ids):
            return phrases.unclear(vocabulary, [_thing(scene, i) for i in ids])
        case Withdraw(things=ids) if not _requests_meant(scene, act):
            return phrases.nothing_open([_thing(scene, i).name for i in ids])
        case Unwish():
            return phrases.fine()
        case _:
            return ""


def _small_talk(scene: Scene, kind: str) -> str:
    match kind:
        case "greeting":
            return phrases.greeting(scene.vocabulary)
        case "abilities":
            return phrases.abilities(scene.vocabulary)
        case "thanks":
            return phrases.thanks()
        case _:
            return phrases.fine()


def _thing(scene: Scene, thing_id: str) -> Thing:
    thing = scene.vocabulary.thing(thing_id)
    assert thing is not None, "understanding names things of the vocabulary"
    return thing
