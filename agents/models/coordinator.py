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
    Change,
    FindPerson,
    ForOther,
    HowTo,
    Reset,
    SmallTalk,
    Status,
    Ticket,
    Unclear,
    Unwish,
    Use,
    WaitFor,
    WhoAmI,
    Wish,
    Withdraw,
)
from agents.models.draft import Draft, Proposal, Scene
from agents.models.durations import in_days
from agents.models.sentence import sentence_of
from agents.models.summary import Line, lines_of, summary_of
from agents.models.telling import needed_by
from agents.models.understanding import folded_in, understand, with_wished
from agents.vocabulary import Thing
from bot.protocol.values import OpenRequest

_MAX_TITLE = 120


def reply_as_coordinator(scene: Scene) -> Draft:
    """Return the coordinator's next reply."""
    acts = _acts(scene)
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


def _acts(scene: Scene) -> list[Act]:
    """Return what is to be done or said now: what is new, and what was left over.

    Texts after the first are corrections of what it asked for, or come on top.
    """
    reading = scene.reading
    seen = len(reading.current) - len(reading.now)
    asked = reading.before[: len(reading.before) - seen]
    acts: list[Act] = []
    new: list[Act] = []
    for index, text in enumerate(reading.current):
        waiting = with_wished(_waiting(scene), acts)
        later = understand(text, scene.context(asked, waiting=waiting))
        folded = folded_in(acts, [_of_this(acts, act) for act in later])
        if index >= seen:
            new = [act for act in new if act in folded]
            new += [a for a in folded if a not in new and (a not in acts or a in later)]
        acts, asked = folded, (*asked, text)
    left = [a for a in acts if a not in new and _is_left_over(scene, a)]
    return [*new, *left]


def _waiting(scene: Scene) -> tuple[str, ...]:
    """Return the things of the open requests that the turn knows, the latest last."""
    things: list[str] = []
    for request in scene.question.open_requests:
        for thing in sentence_of(request.subject, scene.vocabulary).things:
            things = [*(t for t in things if t != thing), thing]
    return tuple(things)


def _of_this(acts: Sequence[Act], act: Act) -> Act:
    """Return ``act``; "cancel it" means what was wished for just now, if anything."""
    wished = [known.thing for known in acts if isinstance(known, Wish)]
    if not isinstance(act, Withdraw) or act.everything or not wished:
        return act
    named = [thing for thing in act.things if thing in wished]
    if act.things and not named:
        return act
    return Unwish(thing=(named or wished)[-1])


def _is_left_over(scene: Scene, act: Act) -> bool:
    """Return whether nobody has been asked for what an earlier text wants.

    A reply that was cut off between two calls was taken as the whole reply. One reply
    makes at most one call to a specialist, so a tool that was not called at all is one
    it never reached. What was put off because the requester said more is to be done
    after all, if they still want it.
    """
    if isinstance(act, Wish) and _lines_on(scene, act):
        # A specialist may have dropped it for a word that was meant for another one.
        return not _told(scene, act)
    made = [done for done in scene.reading.done if not done.thought_over]
    called = {done.name for done in made}
    put_off = {d.name for d in scene.reading.done if d.thought_over}
    return any(
        call.name not in called
        or (
            call.name in put_off
            and not any(
                (d.name, d.arguments) == (call.name, call.arguments) for d in made
            )
        )
        for call in _calls_for(scene, act)
    )


def _calls_for(scene: Scene, act: Act) -> list[Proposal]:
    hand_offs = _hand_offs(scene, [act], [act] if isinstance(act, Wish) else [])
    return [*hand_offs, *_own_calls(scene, act)]


def _told(scene: Scene, wish: Wish) -> bool:
    """Return whether a specialist, who saw the message too, has dealt with it."""
    return any(not line.is_put_off for line in _lines_on(scene, wish))


def _lines_on(scene: Scene, wish: Wish) -> list[Line]:
    """Return what specialists reported of a wish."""
    thing = scene.vocabulary.thing(wish.thing)
    words = thing.words.get(wish.grant, "") if thing else ""
    return [
        line
        for done in scene.reading.done
        for line in lines_of(done)
        if line.words.casefold() == words.casefold()
    ]


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
    whys: dict[str, list[str]] = {}
    for wish in wishes:
        thing = _thing(scene, wish.thing)
        lasting = f" {in_days(wish.days)}" if wish.days else ""
        because = f" because {wish.reason}" if wish.reason else ""
        task = f"{thing.words.get(wish.grant, thing.name)}{lasting}{because}"
        tasks.setdefault(thing.specialist, []).append(task)
        whys.setdefault(thing.specialist, []).append(phrases.handles(thing.name))
    for act in acts:
        match act:
            case Reset(person=person):
                whose = f"the password of {person}" if person else "my password"
                specialist = scene.vocabulary.duties.get("reset_password", "")
                tasks.setdefault(specialist, []).append(f"reset {whose}")
                whys.setdefault(specialist, []).append(phrases.RESETS)
            case WaitFor(thing=thing_id):
                thing = _thing(scene, thing_id)
                task = f"put me on the waiting list for {thing.name}"
                tasks.setdefault(thing.specialist, []).append(task)
                whys.setdefault(thing.specialist, []).append(
                    phrases.handles(thing.name)
                )
            case Use(text=text) if not act.missing:
                who = _who_uses(scene, act)
                tasks.setdefault(who, []).append(text)
                whys.setdefault(who, []).append(phrases.HAS_TOOL)
            case _:
                pass
    return [
        Proposal(
            name=f"ask_{agent}",
            arguments={"task": "; ".join(parts), "why": phrases.why(whys[agent])},
        )
        for agent, parts in tasks.items()
        if f"ask_{agent}" in scene.tools
    ]


def _who_uses(scene: Scene, act: Use) -> str:
    """Return the specialist who has a tool that the coordinator has not, if any."""
    if act.tool in scene.tools:
        return ""
    return next((a for a in act.agents if f"ask_{a}" in scene.tools), "")


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
        case Withdraw() | Change() | Use():
            return _as_things_stand(scene, act)
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


def _as_things_stand(scene: Scene, act: Withdraw | Change | Use) -> list[Proposal]:
    """Return calls that depend on what is open, or on offer."""
    if isinstance(act, Use):
        own = act.tool in scene.tools and not act.missing
        return [Proposal(name=act.tool, arguments=scene.given_to(act))] if own else []
    if isinstance(act, Withdraw):
        return [
            Proposal(name="withdraw_request", arguments={"request": request})
            for request in _requests_meant(scene, act)
        ]
    return [
        Proposal(
            name="change_request", arguments={"request": request, "change": act.text}
        )
        for request in _requests_meant(scene, act)
        if act.told
    ]


def _ticket(title: str) -> Proposal:
    short = title if len(title) <= _MAX_TITLE else f"{title[: _MAX_TITLE - 1]}…"
    return Proposal(
        name="open_ticket",
        arguments={"title": phrases.upper_first(short).ljust(3, "."), "body": title},
    )


def _requests_meant(scene: Scene, act: Withdraw | Change) -> list[str]:
    """Return the open requests to withdraw or change: those named, all, the latest."""
    if isinstance(act, Change):
        return [r.approval_id for r in _open_for(scene, (act.thing,))[-1:]]
    waiting = _open_for(scene, act.things)
    chosen = waiting if act.everything or len(act.things) > 1 else waiting[-1:]
    return [request.approval_id for request in chosen]


def _open_for(scene: Scene, things: Sequence[str]) -> tuple[OpenRequest, ...]:
    """Return the open requests for some things; without any, all of them."""
    return tuple(
        request
        for request in scene.question.open_requests
        if not things
        or set(things) & set(sentence_of(request.subject, scene.vocabulary).things)
    )


def _introduction(scene: Scene, wishes: Sequence[Wish], acts: Sequence[Act]) -> str:
    if wishes:
        words = [phrases.wanted(_thing(scene, w.thing), w.grant) for w in wishes]
        return phrases.seeing_about(words)
    doing = Withdraw | Change | Reset | WaitFor | Ticket | Use
    if any(isinstance(act, doing) for act in acts):
        return ""
    return phrases.looking_up()


# ------------------------------------------------------------------------ sentences


def _sentence(scene: Scene, act: Act) -> str:
    """Return what is said to an act without any tool; "" for nothing."""
    vocabulary = scene.vocabulary
    match act:
        case SmallTalk(kind=kind):
            return _small_talk(scene, kind)
        case Unwish():
            return phrases.fine()
        case ForOther(who=who):
            return phrases.only_for_yourself(who)
        case Ambiguous(things=ids):
            return phrases.ambiguous([_thing(scene, i) for i in ids])
        case Unclear(things=ids):
            return phrases.unclear(vocabulary, [_thing(scene, i) for i in ids])
        case Withdraw(things=ids) if not _requests_meant(scene, act):
            return phrases.nothing_open([_thing(scene, i).name for i in ids])
        case Change(thing=thing) if not _requests_meant(scene, act):
            return phrases.nothing_open([_thing(scene, thing).name] if thing else [])
        case Change(thing=thing, told=False):
            return phrases.what_to_change(_open_for(scene, (thing,))[-1].subject)
        case Use():
            there = act.tool in scene.tools or _who_uses(scene, act)
            return needed_by(scene, act) if there else phrases.not_there(act.shown)
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
