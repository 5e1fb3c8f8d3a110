"""Change a request that still waits for a decision: take it back, and ask anew.

What is asked instead is for the turn that made the request to find out, by policy and
with a new approval. An approval of what was asked before is worth nothing any more.
"""

from typing import assert_never

from pydantic import Field

from agents.tools import sentences
from agents.tools.tool import Setting, Tool, failed
from agents.tools.withdraw_request import (
    WithdrawArguments,
    rule_on_own,
    subject_of,
)
from bot.company.model import Company
from bot.ports.agent import Ruling, ToolResult
from bot.protocol.ids import ApprovalId


class ChangeArguments(WithdrawArguments):
    """Which request, and what about it."""

    change: str = Field(
        min_length=1,
        max_length=1000,
        description=(
            "What to change, in the requester's own words and without any other "
            "wish of theirs."
        ),
    )


async def rule(setting: Setting, arguments: ChangeArguments) -> Ruling:
    """Let people change their own open requests."""
    return await rule_on_own(
        setting, arguments.request, policy="Everybody may change their own requests"
    )


async def run(setting: Setting, arguments: ChangeArguments) -> ToolResult:
    """Take it back with the change; the records check once more whose it is."""
    subject = await subject_of(setting, arguments.request)
    outcome = await setting.records.change_request(
        setting.tenant,
        approval_id=ApprovalId(arguments.request),
        by=setting.person_id,
        change=arguments.change,
    )
    match outcome:
        case "changed":
            sentence = sentences.changed(
                subject or "the one you named", arguments.change
            )
            return ToolResult(
                outcome="done",
                title="Changed the request",
                content={"status": "changed", "sentence": sentence},
            )
        case "not_open":
            return failed("Nothing to change", sentences.not_open())
        case "not_yours":
            return failed("Not your request", sentences.not_yours())
    assert_never(outcome)


def running(company: Company, arguments: ChangeArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Changing your request: {arguments.change}"


CHANGE_REQUEST = Tool(
    name="change_request",
    description=(
        "Change one of the requester's own open requests: it is taken back, and what "
        "they want now is asked for anew where they asked first. Ask no specialist "
        "for it as well."
    ),
    arguments=ChangeArguments,
    effect="idempotent",
    running=running,
    rule=rule,
    run=run,
    # Trying again tells what became of it: what is closed never opens again.
    settle=run,
)
