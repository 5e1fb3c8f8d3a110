"""Say what would happen to a request, without making it."""

from typing import assert_never

from pydantic import Field

from agents import policy
from agents.catalog import find_resource, what
from agents.tools import sentences
from agents.tools.request import decision_on
from agents.tools.tool import Arguments, Setting, Tool, failed, found
from bot.company.model import Company
from bot.ports.agent import ToolResult


class PolicyArguments(Arguments):
    """What would be asked for."""

    resource: str = Field(min_length=1, description="The resource's id.")
    grant: str = Field(
        default="", description="One of its grants; empty for what is ordered."
    )


async def run(setting: Setting, arguments: PolicyArguments) -> ToolResult:
    """Return the forecast."""
    resource = find_resource(setting.company, arguments.resource)
    if resource is None:
        sentence = sentences.unknown_thing(setting.company, arguments.resource)
        return failed("No such thing", sentence)
    grant = arguments.grant
    decision = decision_on(setting, resource, grant)
    match decision:
        case policy.Granted():
            verdict = "at_once"
            sentence = sentences.forecast_granted(resource, grant)
        case policy.Denied():
            verdict = "denied"
            sentence = sentences.denied(setting.company, resource, grant, decision)
        case policy.Staged():
            verdict = "needs_approval"
            sentence = sentences.forecast_staged(resource, grant, decision.stages)
        case _:
            assert_never(decision)
    return found(
        f"Checked the rules for {what(resource, grant)}",
        {"verdict": verdict, "policy": decision.policy, "sentence": sentence},
    )


def running(company: Company, arguments: PolicyArguments) -> str:
    """Return how the step reads while it runs."""
    resource = find_resource(company, arguments.resource)
    thing = what(resource, arguments.grant) if resource else arguments.resource
    return f"Checking the rules for {thing}"


CHECK_POLICY = Tool(
    name="check_policy",
    description=(
        "Say what would happen if the requester asked for this: given at once, whose "
        "approval it needs, or denied. Changes nothing and asks nobody."
    ),
    arguments=PolicyArguments,
    effect="read",
    running=running,
    run=run,
)
