"""Take back a request that still waits for a decision."""

from typing import assert_never

from pydantic import Field

from agents.tools import sentences
from agents.tools.tool import Arguments, Setting, Tool, failed
from bot.company.model import Company
from bot.ports.agent import Allowed, Refused, Ruling, ToolResult
from bot.protocol.ids import ApprovalId


class WithdrawArguments(Arguments):
    """Which request."""

    request: str = Field(
        min_length=1,
        description="The request's id, from the open requests or my_requests.",
    )


async def rule(setting: Setting, arguments: WithdrawArguments) -> Ruling:
    """Let people withdraw their own open requests."""
    return await rule_on_own(
        setting, arguments.request, policy="Everybody may withdraw their own requests"
    )


async def rule_on_own(setting: Setting, request: str, *, policy: str) -> Ruling:
    """Allow by ``policy`` what is done to the requester's own open request."""
    if await subject_of(setting, request) is None:
        return Refused(reason=sentences.not_open())
    return Allowed(policy=policy)


async def run(setting: Setting, arguments: WithdrawArguments) -> ToolResult:
    """Withdraw it; the records check once more whose it is."""
    subject = await subject_of(setting, arguments.request)
    outcome = await setting.records.withdraw_request(
        setting.tenant,
        approval_id=ApprovalId(arguments.request),
        by=setting.person_id,
    )
    match outcome:
        case "withdrawn":
            return ToolResult(
                outcome="done",
                title="Withdrew the request",
                content={
                    "status": "withdrawn",
                    "sentence": sentences.withdrawn(subject or "the one you named"),
                },
            )
        case "not_open":
            return failed("Nothing to withdraw", sentences.not_open())
        case "not_yours":
            return failed("Not your request", sentences.not_yours())
    assert_never(outcome)


async def subject_of(setting: Setting, request: str) -> str | None:
    """Return what one of the requester's open requests asks for."""
    waiting = await setting.records.open_requests(setting.tenant, setting.person_id)
    return next((r.subject for r in waiting if r.approval_id == request), None)


def running(company: Company, arguments: WithdrawArguments) -> str:
    """Return how the step reads while it runs."""
    del company, arguments
    return "Withdrawing your request"


WITHDRAW_REQUEST = Tool(
    name="withdraw_request",
    description=(
        "Withdraw one of the requester's own open requests. Only when they asked for "
        "that."
    ),
    arguments=WithdrawArguments,
    effect="idempotent",
    running=running,
    rule=rule,
    run=run,
    # Trying again tells what became of it: what is closed never opens again.
    settle=run,
)
