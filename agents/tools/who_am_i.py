"""Who asks, as the directory knows them."""

from agents.tools.tool import NoArguments, Setting, Tool, found
from bot.company.model import Company
from bot.ports.agent import ToolResult


async def run(setting: Setting, arguments: NoArguments) -> ToolResult:
    """Return the requester's own entry."""
    del arguments
    person = setting.person
    manager = (
        await setting.records.find_person(setting.tenant, person.manager)
        if person.manager
        else None
    )
    return found(
        "Looked you up in the directory",
        {
            "name": person.name,
            "email": person.email,
            "title": person.title,
            "department": person.department,
            "employment": person.employment,
            "manager": manager.name if manager else None,
            "ends": person.ends.isoformat() if person.ends else None,
        },
    )


def running(company: Company, arguments: NoArguments) -> str:
    """Return how the step reads while it runs."""
    del company, arguments
    return "Looking you up in the directory"


WHO_AM_I = Tool(
    name="who_am_i",
    description="Return who the requester is: title, department, manager, contract.",
    arguments=NoArguments,
    effect="read",
    running=running,
    run=run,
)
