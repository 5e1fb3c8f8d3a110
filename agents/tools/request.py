"""What every request for a thing has in common: the ruling before it.

The order matters. Policy speaks first, so that nobody is offered a waiting list for
what they may not have; then what is already there; then whether anything is left.
"""

import asyncio
from typing import Final

from pydantic import Field

from agents import policy
from agents.catalog import (
    cost,
    find_resource,
    includes,
    lasting,
    one,
    span,
    takes_seat,
    what,
)
from agents.tools import elsewhere_sentences as elsewhere
from agents.tools import sentences
from agents.tools.giving_elsewhere import account_of, held_there, obstacle
from agents.tools.tool import Arguments, Setting, hash_of
from bot.company.model import Resource
from bot.ports.agent import Allowed, NeedsApproval, Refused, Ruling
from bot.ports.systems import Standing
from bot.protocol.values import Fact

_NOTHING: Final[tuple[str, Standing]] = ("", "absent")


class ResourceArguments(Arguments):
    """One thing of the catalog."""

    resource: str = Field(min_length=1, description="The resource's id in the catalog.")
    reason: str = Field(
        default="",
        max_length=300,
        description="Why, in the requester's own words; empty if they did not say.",
    )


class GrantArguments(ResourceArguments):
    """One grant on one thing."""

    grant: str = Field(
        min_length=1, description="One of the resource's grants, exactly as listed."
    )
    days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description=(
            "For how many days, only if the requester said so. The catalog's own "
            "limit stays."
        ),
    )


def decision_on(setting: Setting, resource: Resource, grant: str) -> policy.Decision:
    """Return what policy says about the requester having this."""
    return policy.decide(
        setting.company,
        setting.person,
        resource,
        grant=grant,
        price=resource.price,
        today=setting.today,
    )


async def held_grant(
    setting: Setting, resource: Resource, grant: str
) -> tuple[str, Standing]:
    """Return which grant of the requester's includes ``grant``, and how far it is theirs.

    By our records, and where another system gives it by that system, too.
    """
    held = dict.fromkeys(
        row.grant
        for row in await setting.records.grants_of(setting.tenant, setting.person_id)
        if row.resource_id == resource.id and includes(resource, row.grant, grant)
    )
    if not resource.system:
        return (next(iter(held)), "active") if held else _NOTHING
    # At once: a ruling has time for one look.
    async with asyncio.TaskGroup() as looks:
        there = [
            (name, looks.create_task(held_there(setting, resource, name)))
            for name in held
        ]
    found = {look.result(): name for name, look in there}
    for standing in ("active", "invited"):
        if standing in found:
            return found[standing], standing
    return _NOTHING


async def rule_on_request(
    setting: Setting, arguments: ResourceArguments, *, grant: str = ""
) -> Ruling:
    """Return the ruling on asking for a thing for oneself."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        return Refused(
            reason=sentences.unknown_thing(setting.company, arguments.resource)
        )
    decision = decision_on(setting, resource, grant)
    match decision:
        case policy.Denied(policy=name):
            reason = sentences.denied(setting.company, resource, grant, decision)
            return Refused(reason=reason, policy=name)
        case policy.Granted(policy=name) | policy.Staged(policy=name):
            outside = obstacle(setting, resource)
            reason = outside or await _obstacle(setting, resource, grant)
            if reason:
                return Refused(reason=reason, policy=name)
    if isinstance(decision, policy.Granted):
        return Allowed(policy=decision.policy)
    return await _ask(setting, arguments, resource, grant, decision)


async def _obstacle(setting: Setting, resource: Resource, grant: str) -> str:
    held, standing = await held_grant(setting, resource, grant) if grant else _NOTHING
    if standing == "active":
        return sentences.already_has(resource, held, grant)
    if standing == "invited":
        account = account_of(setting, resource)
        return elsewhere.invited(setting.company, resource, held, account)
    if grant and takes_seat(resource, grant):
        left = await setting.records.seats_left(setting.tenant, resource.id)
        if left is not None and left <= 0:
            return sentences.no_seats(resource)
    return ""


async def _ask(
    setting: Setting,
    arguments: ResourceArguments,
    resource: Resource,
    grant: str,
    decision: policy.Staged,
) -> Ruling:
    left = await _stock(setting, resource)
    subject = sentences.subject(
        resource,
        grant,
        setting.person,
        listed=left is not None and left <= 0,
        days=_days(arguments),
    )
    for request in await setting.records.open_requests(
        setting.tenant, setting.person_id
    ):
        if request.subject == subject and request.turn_id != setting.call.turn_id:
            thing = one(resource, grant)
            return Refused(
                reason=sentences.already_asked(thing, request), policy=decision.policy
            )
    return NeedsApproval(
        subject=subject,
        facts=await _facts(setting, arguments, resource, grant, left),
        args_hash=hash_of(setting.call.name, arguments, setting.person_id),
        policy=decision.policy,
        stages=decision.stages,
    )


def _days(arguments: ResourceArguments) -> int | None:
    return arguments.days if isinstance(arguments, GrantArguments) else None


async def _stock(setting: Setting, resource: Resource) -> int | None:
    if resource.grants:
        return None
    return await setting.records.stock_left(setting.tenant, resource.id)


async def _facts(
    setting: Setting,
    arguments: ResourceArguments,
    resource: Resource,
    grant: str,
    left: int | None,
) -> tuple[Fact, ...]:
    ends = lasting(resource, _days(arguments))
    pairs = [
        ("Requested by", sentences.who(setting.person)),
        ("What", sentences.upper_first(what(resource, grant))),
        ("Why, as they put it", arguments.reason),
        ("Cost" if grant else "Price", cost(resource, grant)),
        ("Ends by itself after", span(ends) if ends else ""),
    ]
    if grant and takes_seat(resource, grant):
        seats = await setting.records.seats_left(setting.tenant, resource.id)
        pairs.append(("Seats left", f"{seats} of {resource.seats}"))
    if left is not None:
        pairs.append(("In stock", sentences.stock(left, resource)))
        if left <= 0:
            effect = sentences.what_approval_does(resource)
            pairs.append(("What approval does", effect))
        elif resource.delivery:
            pairs.append(("Delivery", resource.delivery))
    if resource.sensitive:
        pairs.append(("Note", "Marked as sensitive"))
    return tuple(Fact(label=label, value=value) for label, value in pairs if value)
