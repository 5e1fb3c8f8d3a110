"""Put the requester on the list for something that has run out."""

from pydantic import Field

from agents import policy
from agents.catalog import find_resource, takes_seat
from agents.tools import results, sentences
from agents.tools.request import ResourceArguments, decision_on
from agents.tools.tool import Setting, Tool, failed
from bot.company.model import Company, Resource
from bot.ports.agent import Allowed, Refused, Ruling, ToolResult
from bot.ports.records import Effect


class WaitlistArguments(ResourceArguments):
    """What to wait for."""

    grant: str = Field(
        default="", description="Which grant is wanted, for what comes in seats."
    )


async def rule(setting: Setting, arguments: WaitlistArguments) -> Ruling:
    """Let people wait for what policy does not deny them and what has run out."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        return Refused(
            reason=sentences.unknown_thing(setting.company, arguments.resource)
        )
    grant = _grant(resource, arguments)
    decision = decision_on(setting, resource, grant)
    if isinstance(decision, policy.Denied):
        return Refused(
            reason=sentences.denied(setting.company, resource, grant, decision),
            policy=decision.policy,
        )
    if await _left(setting, resource) > 0:
        return Refused(
            reason=sentences.still_available(resource), policy=decision.policy
        )
    return Allowed(policy=decision.policy)


async def run(setting: Setting, arguments: WaitlistArguments) -> ToolResult:
    """Add the person to the list."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        sentence = sentences.unknown_thing(setting.company, arguments.resource)
        return failed("No such thing", sentence)
    filed = await setting.records.join_waitlist(
        setting.tenant,
        key=setting.call.key,
        person=setting.person_id,
        resource_id=resource.id,
    )
    return _listed(resource, filed.reference)


def _grant(resource: Resource, arguments: WaitlistArguments) -> str:
    if arguments.grant or not resource.grants:
        return arguments.grant
    seated = [grant for grant in resource.grants if takes_seat(resource, grant)]
    return (seated or list(resource.grants))[0]


async def _left(setting: Setting, resource: Resource) -> int:
    records = setting.records
    counted = (
        await records.seats_left(setting.tenant, resource.id)
        if resource.grants
        else await records.stock_left(setting.tenant, resource.id)
    )
    return 1 if counted is None else counted


def _listed(resource: Resource, reference: str) -> ToolResult:
    return results.card(
        f"Waiting list: {resource.name}",
        {"Reference": reference},
        step=f"On the waiting list for {resource.name}",
        status="waitlisted",
        sentence=sentences.listed(resource, reference, wanted_order=False),
        note="Nothing is assigned or ordered yet.",
        reference=reference,
    )


def recall(
    setting: Setting, arguments: WaitlistArguments, effect: Effect
) -> ToolResult | None:
    """Return the result of joining the list, found in the ledger."""
    resource = find_resource(setting.company, arguments.resource)
    return None if resource is None else _listed(resource, effect.reference)


def running(company: Company, arguments: WaitlistArguments) -> str:
    """Return how the step reads while it runs."""
    resource = find_resource(company, arguments.resource)
    return f"Joining the waiting list for {resource.name if resource else '…'}"


JOIN_WAITLIST = Tool(
    name="join_waitlist",
    description=(
        "Put the requester on the waiting list for something that has run out. "
        "Only when they said that they want that."
    ),
    arguments=WaitlistArguments,
    effect="idempotent",
    running=running,
    rule=rule,
    run=run,
    recall=recall,
)
