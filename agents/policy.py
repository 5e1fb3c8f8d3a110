"""Who may have what, and who decides: the company file's rules, applied. Pure.

The first rule that matches decides; nothing matches: denied. Nobody ever decides
about themselves, and only people who work here today decide at all. This module is
the only place that says so, whatever a model wrote.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from bot.company.model import Company, Person, Policy, Resource, StageRule
from bot.protocol.ids import PersonId
from bot.protocol.values import Approver, Stage

Cause = Literal["rule", "no_rule", "no_grant", "ended", "nobody_left"]
"""Why not: a rule denies, no rule matches, there is no such grant, the requester's
contract has ended, or nobody but the requester could decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """No one needs to be asked."""

    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Not through the bot."""

    policy: str
    """Name of the rule; empty when none matched."""
    cause: Cause
    ask: str
    """Name of who can help: the resource's owner; empty when that is who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """These people have to agree, one stage after the other."""

    policy: str
    stages: tuple[Stage, ...]


Decision: TypeAlias = Granted | Denied | Staged


def works_here(person: Person, today: date) -> bool:
    """Return whether ``today`` lies between the person's first and last day."""
    has_started = person.starts is None or person.starts <= today
    return has_started and not has_ended(person, today)


def has_ended(person: Person, today: date) -> bool:
    """Return whether the person's last day is over."""
    return person.ends is not None and person.ends < today


def decide(
    company: Company,
    requester: Person,
    resource: Resource,
    *,
    grant: str,
    price: float | None,
    today: date,
) -> Decision:
    """Return what the first matching rule says about the request.

    Args:
        company: The file with the rules.
        requester: Who asks, and whom it would be for.
        resource: What is asked for.
        grant: Which of the resource's grants; empty for things that are ordered.
        price: What one piece costs; ``None`` fails every test of the price.
        today: Whose contract runs is judged by this day.
    """
    owner = company.person(resource.owner)
    ask = owner.name if owner and owner.id != requester.id else ""
    if has_ended(requester, today):
        return Denied(policy="", cause="ended", ask=ask)
    if (grant or resource.grants) and grant not in resource.grants:
        return Denied(policy="", cause="no_grant", ask=ask)
    for policy in company.policies:
        if _matches(policy, requester, resource, grant, price):
            return _apply(
                company, policy, requester, owner=resource.owner, ask=ask, today=today
            )
    return Denied(policy="", cause="no_rule", ask=ask)


def escalate(
    company: Company, stage: Stage, requester_id: PersonId, *, today: date
) -> Stage | None:
    """Return who decides when ``stage`` has run out; ``None``: nobody, it expires.

    ``escalate`` goes to the managers of those who did not decide, ``group:NAME`` to
    that group's members; never to the requester, nor to somebody asked already.
    """
    requester = company.person(requester_id)
    if requester is None:
        return None
    taken = {
        a.person_id: person
        for a in stage.approvers
        if (person := company.person(a.person_id))
    }
    found: dict[PersonId, Person] = {}
    if stage.then == "escalate":
        for person_id in taken:
            above = _above(company, person_id, requester, today, {**taken, **found})
            if above:
                found[above.id] = above
    elif stage.then.startswith("group:"):
        for person_id in company.groups.get(stage.then.removeprefix("group:"), ()):
            person = company.person(person_id)
            fresh = person_id not in taken and person_id != requester_id
            if person and fresh and works_here(person, today):
                found[person.id] = person
    if len(found) < stage.need:
        return None  # waiting must not make two deciders one
    return stage.model_copy(
        update={
            "approvers": tuple(
                Approver(person_id=p.id, name=p.name) for p in found.values()
            ),
            "then": stage.then if stage.then == "escalate" else "expire",
        }
    )


def _matches(
    policy: Policy,
    requester: Person,
    resource: Resource,
    grant: str,
    price: float | None,
) -> bool:
    when = policy.when
    return (
        _covers(policy.resource, resource.id)
        and (not policy.grants or grant in policy.grants)
        and (not when.department or requester.department in when.department)
        and (not when.employment or requester.employment in when.employment)
        and (
            when.price_below is None or (price is not None and price < when.price_below)
        )
    )


def _covers(pattern: str, resource_id: str) -> bool:
    if pattern.endswith("*"):
        return resource_id.startswith(pattern[:-1])
    return pattern == resource_id


def _apply(
    company: Company,
    policy: Policy,
    requester: Person,
    *,
    owner: str,
    ask: str,
    today: date,
) -> Decision:
    match policy.approval:
        case "none":
            return Granted(policy=policy.name)
        case "deny":
            return Denied(policy=policy.name, cause="rule", ask=ask)
        case rules:
            staged = staged_by(
                company, rules, requester, name=policy.name, owner=owner, today=today
            )
            return staged or Denied(policy=policy.name, cause="nobody_left", ask=ask)


def staged_by(
    company: Company,
    rules: tuple[StageRule, ...],
    requester: Person,
    *,
    name: str,
    today: date,
    owner: str = "",
) -> Staged | None:
    """Return who decides by ``rules``; ``None``: for a stage there is nobody.

    Args:
        company: Whose people decide.
        rules: The stages.
        requester: Who asks, and so decides nothing.
        name: Of the rule, as shown and audited.
        today: Whose contract runs is judged by this day.
        owner: Who ``owner`` means; empty: nobody.
    """
    stages: list[Stage] = []
    for rule in rules:
        people = _deciders(company, rule, requester, owner, today)
        if len(people) < rule.need:
            return None
        stages.append(_stage(rule, people))
    return Staged(policy=name, stages=tuple(stages))


def _stage(rule: StageRule, people: tuple[Person, ...]) -> Stage:
    return Stage(
        label=rule.by,
        approvers=tuple(Approver(person_id=p.id, name=p.name) for p in people),
        need=rule.need,
        within=rule.within,
        remind=rule.remind,
        then=rule.then,
    )


def _deciders(
    company: Company,
    rule: StageRule,
    requester: Person,
    owner: str,
    today: date,
) -> tuple[Person, ...]:
    """Return who may decide; whoever may not is stood in for up the chain.

    A group whose other members suffice needs nobody to stand in.
    """
    named = _named(company, rule, requester, owner)
    entitled: dict[PersonId, Person] = {}
    absent: list[PersonId] = []
    for person_id in named:
        person = company.person(person_id)
        if person and person.id != requester.id and works_here(person, today):
            entitled[person.id] = person
        else:
            absent.append(person_id)
    for person_id in absent:
        if len(entitled) >= rule.need:
            break
        if stand_in := _above(company, person_id, requester, today, entitled):
            entitled[stand_in.id] = stand_in
    return tuple(entitled.values())


def _named(
    company: Company, rule: StageRule, requester: Person, owner: str
) -> tuple[PersonId, ...]:
    if rule.by == "manager":
        return (requester.manager,) if requester.manager else ()
    if rule.by == "owner":
        return (PersonId(owner),) if owner else ()
    if rule.by.startswith("group:"):
        return company.groups.get(rule.by.removeprefix("group:"), ())
    named = company.named(rule.by)
    return (named.id if named else PersonId(rule.by),)


def _above(
    company: Company,
    person_id: PersonId,
    requester: Person,
    today: date,
    taken: dict[PersonId, Person],
) -> Person | None:
    seen: set[PersonId] = set()
    person = company.person(person_id)
    while person and person.manager and person.id not in seen:
        seen.add(person.id)
        person = company.person(person.manager)
        if (
            person
            and person.id != requester.id
            and person.id not in taken
            and works_here(person, today)
        ):
            return person
    return None
