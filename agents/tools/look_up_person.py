"""Find people in the directory."""

from pydantic import Field

from agents.tools.tool import Arguments, Setting, Tool, found
from bot.company.model import Company
from bot.ports.agent import ToolResult


class PersonArguments(Arguments):
    """Whom to look for."""

    query: str = Field(
        min_length=1, max_length=100, description="Name, e-mail, title or department."
    )


async def run(setting: Setting, arguments: PersonArguments) -> ToolResult:
    """Return the few best matches."""
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


def running(company: Company, arguments: PersonArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Looking up {arguments.query} in the directory"


LOOK_UP_PERSON = Tool(
    name="look_up_person",
    description="Find people in the directory by name, e-mail, title or department.",
    arguments=PersonArguments,
    effect="read",
    running=running,
    run=run,
)
