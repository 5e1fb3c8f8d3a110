"""Find people in the directory."""

from pydantic import Field

from agents.tools.declare import tool
from agents.tools.tool import Arguments, Setting, found
from bot.ports.agent import ToolResult


class PersonArguments(Arguments):
    """Whom to look for."""

    query: str = Field(
        min_length=1, max_length=100, description="Name, e-mail, title or department."
    )


@tool(effect="read", step="Looking up {query} in the directory")
async def look_up_person(setting: Setting, arguments: PersonArguments) -> ToolResult:
    """Find people in the directory by name, e-mail, title or department."""
    people = await setting.records.search_people(setting.tenant, arguments.query)
    return found(
        f"Looked up {arguments.query}",
        {
            "people": [
                {
                    "id": person.id,
                    "name": person.name,
                    "email": person.email,
                    "title": person.title,
                    "department": person.department,
                    "reach_on": person.reach_on,
                }
                for person in people
            ]
        },
    )
