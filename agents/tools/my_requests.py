"""What the requester waits for and what they have."""

from pydantic import JsonValue

from agents.catalog import what
from agents.tools.declare import tool
from agents.tools.giving_elsewhere import states_there
from agents.tools.ticketing import standing_there
from agents.tools.tool import NoArguments, Setting, found
from bot.company.model import Company
from bot.ports.agent import ToolResult
from bot.ports.records import Grant


@tool(effect="read", step="Looking up your requests", timeout=20.0)
async def my_requests(setting: Setting, arguments: NoArguments) -> ToolResult:
    """List what the requester waits for, with whom it waits, and what they have.

    Use it for every question about the state of a request or a ticket.
    """
    del arguments
    waiting = await setting.records.open_requests(setting.tenant, setting.person_id)
    held = await setting.records.grants_of(setting.tenant, setting.person_id)
    states = await states_there(setting, held)
    tickets: dict[str, JsonValue] = {}
    if setting.desk:
        tickets = {"tickets": await standing_there(setting, setting.desk)}
    return found(
        "Looked up your requests",
        {
            "open": [
                {
                    "request": request.approval_id,
                    "subject": request.subject,
                    "waiting_for": list(request.waiting_for),
                }
                for request in waiting
            ],
            "have": [
                {
                    "resource": grant.resource_id,
                    "what": _words(setting.company, grant),
                    "ends": grant.ends_at.isoformat() if grant.ends_at else None,
                    **({"but": state} if state else {}),
                }
                for grant, state in zip(held, states, strict=True)
            ],
            **tickets,
        },
    )


def _words(company: Company, grant: Grant) -> str:
    resource = company.resource(grant.resource_id)
    if resource is None:
        return f"{grant.grant} access to {grant.resource_id}"
    return what(resource, grant.grant)
