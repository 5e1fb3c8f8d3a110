"""Order one piece of what is ordered; without stock, the waiting list instead."""

from agents.catalog import cost, find_resource
from agents.tools import results, sentences
from agents.tools.request import ResourceArguments, rule_on_request
from agents.tools.tool import Setting, Tool, failed
from bot.company.model import Company, Resource
from bot.ports.agent import Refused, Ruling, ToolResult
from bot.ports.records import Effect


async def rule(setting: Setting, arguments: ResourceArguments) -> Ruling:
    """Apply policy; what has grants is not ordered."""
    resource = find_resource(setting.company, arguments.resource)
    if resource and resource.grants:
        return Refused(
            reason=sentences.bad_arguments(
                "order_hardware", f"{resource.id} is not ordered, it has grants"
            )
        )
    return await rule_on_request(setting, arguments)


async def run(setting: Setting, arguments: ResourceArguments) -> ToolResult:
    """Order it, or put the person on the list when none is in stock.

    Never both: what this call did before, in an attempt that was cut off, is looked
    up first.
    """
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        sentence = sentences.unknown_thing(setting.company, arguments.resource)
        return failed("No such thing", sentence)
    records, call = setting.records, setting.call
    if before := await records.find_effect(setting.tenant, call.key):
        return _happened(setting, resource, before)
    left = await records.stock_left(setting.tenant, resource.id)
    if left is not None and left <= 0:
        filed = await records.join_waitlist(
            setting.tenant,
            key=call.key,
            person=setting.person_id,
            resource_id=resource.id,
        )
        return _listed(resource, filed.reference)
    filed = await records.order_hardware(
        setting.tenant,
        key=call.key,
        person=setting.person_id,
        resource_id=resource.id,
        price=resource.price or 0.0,
        currency=resource.currency,
    )
    return _ordered(setting, resource, filed.reference)


def recall(
    setting: Setting, arguments: ResourceArguments, effect: Effect
) -> ToolResult | None:
    """Return the result of an order, or of joining the list, found in the ledger."""
    resource = find_resource(setting.company, arguments.resource)
    return None if resource is None else _happened(setting, resource, effect)


def _happened(setting: Setting, resource: Resource, effect: Effect) -> ToolResult:
    if effect.kind == "waitlist":
        return _listed(resource, effect.reference)
    return _ordered(setting, resource, effect.reference)


def _ordered(setting: Setting, resource: Resource, reference: str) -> ToolResult:
    return results.ordered(
        setting,
        resource.name,
        reference=reference,
        price=cost(resource),
        delivery=resource.delivery,
        sentence=sentences.ordered(resource, reference),
        step=f"Ordered one {resource.name}",
    )


def _listed(resource: Resource, reference: str) -> ToolResult:
    thing = sentences.listed_thing(resource)
    return results.card(
        f"Waiting list: {resource.name}",
        {"Reference": reference, "Delivery once in stock": resource.delivery},
        step=f"On the waiting list for {thing}, not ordered yet",
        status="waitlisted",
        sentence=sentences.listed(resource, reference, wanted_order=True),
        note="Not ordered yet: none is in stock.",
        reference=reference,
    )


def running(company: Company, arguments: ResourceArguments) -> str:
    """Return how the step reads while it runs."""
    resource = find_resource(company, arguments.resource)
    return f"Ordering one {resource.name if resource else arguments.resource}"


ORDER_HARDWARE = Tool(
    name="order_hardware",
    description=(
        "Ask for one piece of a resource that is ordered, for the requester only. "
        "Without stock the approval is still asked and leads to the waiting list; "
        "the result says so."
    ),
    arguments=ResourceArguments,
    effect="idempotent",
    timeout=20.0,
    running=running,
    rule=rule,
    run=run,
    recall=recall,
)
