"""Give access to a repository, a group, a database: anything with grants."""

from datetime import datetime, timedelta

import structlog

from agents.catalog import find_resource, lasting, one, takes_seat, what
from agents.tools import elsewhere_sentences as outside
from agents.tools import results, sentences
from agents.tools.giving_elsewhere import (
    account_of,
    given_there,
    held_there,
    membership_of,
    standing_there,
)
from agents.tools.request import GrantArguments, held_grant, rule_on_request
from agents.tools.tool import Setting, Tool, failed
from bot.company.model import Company, Resource
from bot.ports.agent import Refused, Ruling, ToolResult
from bot.ports.records import Access, Effect
from bot.ports.systems import NotDone, Standing

log = structlog.get_logger()

SECONDS = 45.0
"""For a call: another system may be asked, looked at three times before and once after."""


async def rule(setting: Setting, arguments: GrantArguments) -> Ruling:
    """Apply policy; what comes in seats goes through the other tool."""
    resource = find_resource(setting.company, arguments.resource)
    if resource and resource.seats is not None:
        return Refused(
            reason=sentences.bad_arguments(
                "grant_access", f"{resource.id} comes in seats; use assign_seat"
            )
        )
    return await rule_on_request(setting, arguments, grant=arguments.grant)


async def run(setting: Setting, arguments: GrantArguments) -> ToolResult:
    """Write the grant, ending by itself where the catalog says so."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        sentence = sentences.unknown_thing(setting.company, arguments.resource)
        return failed("No such thing", sentence)
    return await give(setting, resource, arguments, seat=False)


async def give(
    setting: Setting, resource: Resource, arguments: GrantArguments, *, seat: bool
) -> ToolResult:
    """Give a grant where it is given, then write it, unless it is there.

    Raises:
        OutOfStock: A seat was asked for and none is free.
        SystemUnsureError: Nobody can tell whether it was given.
    """
    records, call, grant = setting.records, setting.call, arguments.grant
    before = await records.find_effect(setting.tenant, call.key)
    held, there = ("", "absent")
    if before is None:
        held, there = await held_grant(setting, resource, grant)
    if there == "active":
        sentence = sentences.already_has(resource, held, grant)
        return ToolResult(
            outcome="done",
            title=f"{sentences.upper_first(what(resource, held))} was there already",
            content={"status": "already", "sentence": sentence},
        )
    ends_at = _end(resource, arguments, before.at if before else call.now)
    standing: Standing | NotDone = "active"
    if resource.system and before:
        standing = await held_there(setting, resource, grant)
    elif resource.system:
        standing = await given_there(
            setting, resource, grant, ends_at=ends_at, seat=seat
        )
    if isinstance(standing, NotDone):
        return _not_given(setting, resource, grant, standing)
    return await _written(
        setting, resource, arguments, ends_at=ends_at, seat=seat, standing=standing
    )


async def _written(
    setting: Setting,
    resource: Resource,
    arguments: GrantArguments,
    *,
    ends_at: datetime | None,
    seat: bool,
    standing: Standing,
) -> ToolResult:
    """Write the grant, and say what was written."""
    records, grant = setting.records, arguments.grant
    filed = await records.grant_access(
        setting.tenant,
        key=setting.call.key,
        access=Access(
            person=setting.person_id,
            resource_id=resource.id,
            grant=grant,
            ends_at=ends_at,
            seat=seat,
            turn_id=setting.call.turn_id,
        ),
        where=membership_of(setting, resource, grant),
    )
    if standing == "invited":
        return _invited(setting, resource, grant, ends_at, filed.reference)
    written = await records.find_grant(setting.tenant, filed.reference)
    if ends_at and written and not written.ours:
        sentence = outside.given_by_others(setting.company, resource, grant)
        return ToolResult(
            outcome="done",
            title=f"{sentences.upper_first(what(resource, grant))} was there already",
            content={"status": "already", "sentence": sentence},
            reference=filed.reference,
        )
    return _given(setting, resource, grant, ends_at, filed.reference)


def _not_given(
    setting: Setting, resource: Resource, grant: str, why: NotDone
) -> ToolResult:
    log.warning(
        "system.refused",
        system=resource.system,
        why=why.why,
        said=why.detail,
        hint=why.hint,
    )
    sentence = outside.not_given(setting.company, resource, grant, why)
    thing = sentences.upper_first(what(resource, grant))
    return failed(f"{thing} was not given", sentence)


def _invited(
    setting: Setting,
    resource: Resource,
    grant: str,
    ends_at: datetime | None,
    reference: str,
) -> ToolResult:
    account = account_of(setting, resource)
    sentence = outside.invited(setting.company, resource, grant, account)
    return results.card(
        "Invitation sent",
        {
            "Person": f"{setting.person.name} ({account})",
            "What": sentences.upper_first(what(resource, grant)),
            "Begins": "once the invitation is accepted",
            "Ends": f"{ends_at:%Y-%m-%d %H:%M} UTC" if ends_at else "",
        },
        step=f"Had {account} invited for {one(resource, grant)}",
        status="invited",
        sentence=sentence,
        reference=reference,
    )


def _given(
    setting: Setting,
    resource: Resource,
    grant: str,
    ends_at: datetime | None,
    reference: str,
) -> ToolResult:
    return results.access_granted(
        setting,
        sentences.upper_first(what(resource, grant)),
        ends_at=ends_at,
        reference=reference,
        sentence=sentences.granted(resource, grant, ends_at),
        step=f"Gave {one(resource, grant)}",
    )


def recall(
    setting: Setting, arguments: GrantArguments, effect: Effect
) -> ToolResult | None:
    """Return the result of a grant found in the ledger."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        return None
    ends_at = _end(resource, arguments, effect.at)
    return _given(setting, resource, arguments.grant, ends_at, effect.reference)


def is_given_elsewhere(company: Company, arguments: GrantArguments) -> bool:
    """Return whether another system than ours must be asked what happened."""
    resource = find_resource(company, arguments.resource)
    return resource is not None and bool(resource.system)


async def settle(setting: Setting, arguments: GrantArguments) -> ToolResult | None:
    """Ask the system whether the grant is there, and write it down if it is.

    That it is not there proves nothing: a request may still be on its way. Then
    nobody can tell, and the key is not voided, so that a late success is written.
    """
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        return None
    grant, key = arguments.grant, setting.call.key
    standing = await standing_there(setting, resource, grant)
    effect = await setting.records.find_effect(setting.tenant, key)
    if effect is None and standing not in ("active", "invited"):
        return None
    return await _written(
        setting,
        resource,
        arguments,
        ends_at=_end(resource, arguments, effect.at if effect else setting.call.now),
        seat=takes_seat(resource, grant),
        standing="invited" if standing == "invited" else "active",
    )


def _end(
    resource: Resource, arguments: GrantArguments, start: datetime
) -> datetime | None:
    seconds = lasting(resource, arguments.days)
    return start + timedelta(seconds=seconds) if seconds else None


def running(company: Company, arguments: GrantArguments) -> str:
    """Return how the step reads while it runs."""
    resource = find_resource(company, arguments.resource)
    thing = one(resource, arguments.grant) if resource else arguments.resource
    return f"Giving {thing}"


GRANT_ACCESS = Tool(
    name="grant_access",
    description=(
        "Ask for one grant on a resource without seats, for the requester only. "
        "Policy decides whether it is given at once, needs approval or is denied."
    ),
    arguments=GrantArguments,
    effect="idempotent",
    running=running,
    rule=rule,
    run=run,
    recall=recall,
    timeout=SECONDS,
    settle=settle,
    elsewhere=is_given_elsewhere,
)
