"""Add a comment to a ticket of the requester's own in the company's system for tickets.

A comment carries no key of ours. So it is written once at most, and where the answer is
lost nobody can tell: people are told so, and somebody looks.
"""

import structlog
from pydantic import Field

from agents.tools import results
from agents.tools import ticket_sentences as sentences
from agents.tools.tool import Arguments, Setting, Tool, failed
from bot.company.model import Company
from bot.ports.agent import Allowed, Refused, Ruling, ToolResult
from bot.ports.records import Place
from bot.ports.systems import NotDone

log = structlog.get_logger()

MOST_TICKETS = 50
"""How far back a ticket is looked for among somebody's own."""
RULE = "Everybody may add to their own tickets"


class CommentArguments(Arguments):
    """What to add, and to which ticket."""

    ticket: str = Field(
        min_length=1, max_length=40, description="Its name, from my_requests."
    )
    text: str = Field(
        min_length=1, max_length=4000, description="In the requester's own words."
    )


async def rule(setting: Setting, arguments: CommentArguments) -> Ruling:
    """Let people add to their own tickets."""
    if await _place(setting, arguments) is None:
        return Refused(reason=sentences.not_your_ticket(arguments.ticket), policy=RULE)
    return Allowed(policy=RULE)


async def run(setting: Setting, arguments: CommentArguments) -> ToolResult:
    """Add it; whose ticket it is is checked once more.

    Raises:
        SystemUnsureError: Nobody can tell whether it was added.
    """
    place = await _place(setting, arguments)
    if place is None or setting.desk is None:
        sentence = sentences.not_your_ticket(arguments.ticket)
        return failed("Nothing was added", sentence)
    added = await setting.desk.comment(place.reference, arguments.text)
    if isinstance(added, NotDone):
        log.warning(
            "system.refused",
            system=place.system,
            why=added.why,
            said=added.detail,
            hint=added.hint,
        )
        sentence = sentences.not_added(setting.company, place.reference)
        return failed("Nothing was added", sentence)
    return results.card(
        f"Added to ticket {place.reference}",
        {"Text": arguments.text},
        step=f"Added to ticket {place.reference}",
        sentence=sentences.added(setting.company, place.reference),
        reference=place.reference,
        link=place.link,
    )


def running(company: Company, arguments: CommentArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Adding to ticket {arguments.ticket}"


def has_tickets(company: Company) -> bool:
    """Return whether tickets are anywhere else than in our records."""
    return bool(company.tickets.system)


async def _place(setting: Setting, arguments: CommentArguments) -> Place | None:
    """Return where the ticket is, if it is the requester's own."""
    filed = await setting.records.tickets_of(
        setting.tenant, setting.person_id, limit=MOST_TICKETS
    )
    wanted = (setting.company.tickets.system, arguments.ticket.casefold())
    placed = [one.place for one in filed if one.place]
    return next(
        (p for p in placed if (p.system, p.reference.casefold()) == wanted), None
    )


ADD_TO_TICKET = Tool(
    name="add_to_ticket",
    description=(
        "Add a comment to one of the requester's own tickets, for those who work on "
        "it. Only what the requester wants to be added."
    ),
    arguments=CommentArguments,
    effect="once",
    running=running,
    rule=rule,
    run=run,
    timeout=30.0,
    has_use=has_tickets,
)
