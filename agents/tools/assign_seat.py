"""Assign a seat of software whose seats are counted."""

from agents.catalog import find_resource, takes_seat
from agents.tools import sentences
from agents.tools.grant_access import (
    SECONDS,
    give,
    is_given_elsewhere,
    recall,
    running,
    settle,
)
from agents.tools.request import GrantArguments, rule_on_request
from agents.tools.tool import Setting, Tool, failed
from bot.ports.agent import Refused, Ruling, ToolResult
from bot.ports.records import OutOfStock


async def rule(setting: Setting, arguments: GrantArguments) -> Ruling:
    """Apply policy; what has no seats goes through the other tool."""
    resource = find_resource(setting.company, arguments.resource)
    if resource and resource.seats is None:
        return Refused(
            reason=sentences.bad_arguments(
                "assign_seat", f"{resource.id} has no seats; use grant_access"
            )
        )
    return await rule_on_request(setting, arguments, grant=arguments.grant)


async def run(setting: Setting, arguments: GrantArguments) -> ToolResult:
    """Take a seat if one is still free; a free grant takes none."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        sentence = sentences.unknown_thing(setting.company, arguments.resource)
        return failed("No such thing", sentence)
    try:
        return await give(
            setting,
            resource,
            arguments,
            seat=takes_seat(resource, arguments.grant),
        )
    except OutOfStock:
        return failed(
            f"No {resource.name} seat is left",
            sentences.no_seats(resource),
            status="no_seats",
        )


ASSIGN_SEAT = Tool(
    name="assign_seat",
    description=(
        "Ask for one grant on software that comes in seats, for the requester only. "
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
