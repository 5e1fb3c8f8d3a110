"""Who asks, as the directory knows them."""

from agents.tools.declare import tool
from agents.tools.tool import NoArguments, Setting, found
from bot.ports.agent import ToolResult


@tool(effect="read", step="Looking you up in the directory")
async def who_am_i(setting: Setting, arguments: NoArguments) -> ToolResult:
    """Return who the requester is: title, department, manager, contract."""
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
