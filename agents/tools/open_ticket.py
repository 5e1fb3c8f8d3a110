"""Open a ticket: what no other tool can do, people do."""

from pydantic import Field

from agents.tools import results, sentences
from agents.tools.ticketing import Wanted, found_there, opened_there
from agents.tools.tool import Arguments, Setting, Tool
from bot.company.model import Company
from bot.company.tickets import HELPDESK
from bot.ports.agent import ToolResult
from bot.ports.records import Effect


class TicketArguments(Arguments):
    """What people should look into."""

    title: str = Field(min_length=3, max_length=120, description="One line.")
    body: str = Field(default="", max_length=4000, description="All that is known.")
    queue: str = Field(
        default=HELPDESK,
        pattern=r"^[a-z][a-z0-9_-]{0,39}$",
        description="Who should look: helpdesk, or the name of a specialist.",
    )


async def run(setting: Setting, arguments: TicketArguments) -> ToolResult:
    """Open it where the company's tickets are.

    Raises:
        SystemUnsureError: Nobody can tell whether it was opened.
    """
    if setting.desk:
        return await opened_there(setting, setting.desk, _wanted(setting, arguments))
    filed = await setting.records.open_ticket(
        setting.tenant,
        key=setting.call.key,
        person=setting.person_id,
        queue=arguments.queue,
        title=arguments.title,
        body=arguments.body,
    )
    return _ours(arguments, filed.reference)


def recall(setting: Setting, arguments: TicketArguments, effect: Effect) -> ToolResult:
    """Return the result of a ticket found in the ledger."""
    del setting
    return _ours(arguments, effect.reference)


async def settle(setting: Setting, arguments: TicketArguments) -> ToolResult | None:
    """Ask the company's system whether the ticket is there."""
    if setting.desk is None:
        return None
    return await found_there(setting, setting.desk, _wanted(setting, arguments))


def is_opened_elsewhere(company: Company, arguments: TicketArguments) -> bool:
    """Return whether another system than ours must be asked what happened."""
    del arguments
    return bool(company.tickets.system)


def running(company: Company, arguments: TicketArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Opening a ticket: {arguments.title}"


def _wanted(setting: Setting, arguments: TicketArguments) -> Wanted:
    return Wanted(
        key=setting.call.key,
        title=arguments.title,
        body=arguments.body,
        queue=arguments.queue,
    )


def _ours(arguments: TicketArguments, reference: str) -> ToolResult:
    return results.ticket(
        arguments.title,
        reference=reference,
        queue=arguments.queue,
        sentence=sentences.ticket_opened(reference, arguments.title),
    )


OPEN_TICKET = Tool(
    name="open_ticket",
    description=(
        "Open a ticket for people to work on, in the requester's name. Only when no "
        "other tool can help and the requester wants one."
    ),
    arguments=TicketArguments,
    effect="idempotent",
    running=running,
    run=run,
    recall=recall,
    timeout=60.0,  # another system may be asked, and looked at for a while after
    settle=settle,
    elsewhere=is_opened_elsewhere,
)
