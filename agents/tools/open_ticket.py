"""Open a ticket: what no other tool can do, people do."""

from pydantic import Field

from agents.tools import sentences
from agents.tools.declare import tool
from agents.tools.tool import Arguments, Setting
from bot.ports.agent import ToolResult
from bot.ports.records import Effect
from bot.protocol.values import CardData, Fact

HELPDESK = "helpdesk"
"""The queue of whatever belongs to no specialist."""


class TicketArguments(Arguments):
    """What people should look into."""

    title: str = Field(min_length=3, max_length=120, description="One line.")
    body: str = Field(default="", max_length=4000, description="All that is known.")
    queue: str = Field(
        default=HELPDESK,
        pattern=r"^[a-z][a-z0-9_-]{0,39}$",
        description="Who should look: helpdesk, or the name of a specialist.",
    )


def opened(title: str, queue: str, reference: str) -> ToolResult:
    """Return the result of a ticket that is open."""
    card = CardData(
        title=f"Ticket {reference}",
        facts=(Fact(label="About", value=title), Fact(label="Queue", value=queue)),
    )
    return ToolResult(
        outcome="done",
        title=f"Opened ticket {reference}",
        content={
            "status": "opened",
            "reference": reference,
            "sentence": sentences.ticket_opened(reference, title),
        },
        cards=(card,),
        reference=reference,
    )


def recall(setting: Setting, arguments: TicketArguments, effect: Effect) -> ToolResult:
    """Return the result of a ticket found in the ledger."""
    del setting
    return opened(arguments.title, arguments.queue, effect.reference)


@tool(
    effect="idempotent",
    approval="none",
    step="Opening a ticket: {title}",
    recall=recall,
)
async def open_ticket(setting: Setting, arguments: TicketArguments) -> ToolResult:
    """Open a ticket for people to work on, in the requester's name.

    Only when no other tool can help and the requester wants one.
    """
    filed = await setting.records.open_ticket(
        setting.tenant,
        key=setting.call.key,
        person=setting.person_id,
        queue=arguments.queue,
        title=arguments.title,
        body=arguments.body,
    )
    return opened(arguments.title, arguments.queue, filed.reference)
