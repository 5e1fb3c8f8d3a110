"""Give access to a repository, a group, a database: anything with grants."""

from datetime import datetime, timedelta

from agents.catalog import find_resource, lasting, one, what
from agents.tools import sentences
from agents.tools.request import GrantArguments, held_grant, rule_on_request
from agents.tools.tool import Setting, Tool, failed
from bot.company.model import Company, Resource
from bot.ports.agent import Refused, Ruling, ToolResult
from bot.ports.records import Effect
from bot.protocol.values import CardData, Fact


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
    """Write a grant unless it is there.

    Raises:
        OutOfStock: A seat was asked for and none is free.
    """
    records, call, grant = setting.records, setting.call, arguments.grant
    before = await records.find_effect(setting.tenant, call.key)
    if before is None and (held := await held_grant(setting, resource, grant)):
        sentence = sentences.already_has(resource, held, grant)
        return ToolResult(
            outcome="done",
            title=f"{sentences.upper_first(what(resource, held))} was there already",
            content={"status": "already", "sentence": sentence},
        )
    ends_at = _end(resource, arguments, before.at if before else call.now)
    filed = await records.grant_access(
        setting.tenant,
        key=call.key,
        person=setting.person_id,
        resource_id=resource.id,
        grant=grant,
        ends_at=ends_at,
        seat=seat,
    )
    return _given(setting, resource, grant, ends_at, filed.reference)


def _given(
    setting: Setting,
    resource: Resource,
    grant: str,
    ends_at: datetime | None,
    reference: str,
) -> ToolResult:
    thing = what(resource, grant)
    facts = [
        Fact(label="Person", value=setting.person.name),
        Fact(label="What", value=sentences.upper_first(thing)),
    ]
    if ends_at:
        facts.append(Fact(label="Ends", value=f"{ends_at:%Y-%m-%d %H:%M} UTC"))
    return ToolResult(
        outcome="done",
        title=f"Gave {one(resource, grant)}",
        content={
            "status": "granted",
            "sentence": sentences.granted(resource, grant, ends_at),
        },
        cards=(CardData(title="Access granted", facts=tuple(facts), tone="good"),),
        reference=reference,
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
)
