"""What is said to people of tickets in another system."""

from agents.tools.sentences import whom_to_ask
from bot.company.model import Company
from bot.ports.systems import NotDone

GONE = "no longer there"
NOT_TOLD = "not known just now"


def shown(company: Company) -> str:
    """Return how people call the system for tickets."""
    said = company.systems.get(company.tickets.system)
    return said.shown if said else company.tickets.system


def opened(company: Company, reference: str, title: str) -> str:
    """Say that people will look into it, and where."""
    return (
        f"Ticket {reference} is open in {shown(company)}: {title}. "
        "Somebody will get back to you there."
    )


def not_opened(company: Company, why: NotDone) -> str:
    """Say that there is no ticket, and what to do next."""
    system, ask = shown(company), whom_to_ask(company, "")
    match why.why:
        case "busy":
            return f"{system} takes no more just now, so no ticket was opened. Ask again in a few minutes."
        case "unreachable":
            return f"{system} could not be reached, so no ticket was opened. Ask again later."
        case "credentials" | "forbidden":
            return f"{system} does not let me do that, so no ticket was opened. {ask}"
        case "unknown":
            return f"{system} does not know your e-mail address or the queue, so no ticket was opened. {ask}"
        case "refused":
            return f"{system} refused it, so no ticket was opened. {ask}"


def added(company: Company, reference: str) -> str:
    """Say that a comment was added."""
    return f"It is added to ticket {reference} in {shown(company)}."


def not_added(company: Company, reference: str) -> str:
    """Say that no comment was added, and what to do next."""
    return (
        f"{shown(company)} did not take it, so nothing was added to ticket {reference}. "
        "Ask again later, or write it there."
    )


def not_your_ticket(reference: str) -> str:
    """Say that only one's own tickets can be added to."""
    return (
        f"I know of no ticket {reference!r} of yours, so nothing was added. "
        "Ask me for your tickets to see their names."
    )
