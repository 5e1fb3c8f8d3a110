"""Hand a task to a specialist: one such tool for each, made from its declaration."""

from pydantic import Field

from agents.tools.sentences import upper_first
from agents.tools.tool import Arguments, Tool
from bot.company.model import Company

PREFIX = "ask_"


class TaskArguments(Arguments):
    """What to do."""

    task: str = Field(
        min_length=3,
        max_length=2000,
        description=(
            "The whole task in plain words, with names as in the catalog: the "
            "specialist sees nothing else of the conversation."
        ),
    )
    why: str = Field(
        default="",
        max_length=200,
        description=(
            "Why it is theirs, in a few plain words that the requester is shown, "
            "e.g. 'they reset passwords'. Always say it."
        ),
    )


def hand_off_to(agent: str, title: str, does: str) -> Tool[TaskArguments]:
    """Return the tool that opens a frame for ``agent``."""

    def running(company: Company, arguments: TaskArguments) -> str:
        del company
        return f"{title}: {upper_first(arguments.task)}"

    return Tool(
        name=f"{PREFIX}{agent}",
        description=f"Hand a task to the {title.lower()} specialist, who {does}",
        arguments=TaskArguments,
        effect="read",
        timeout=3600.0,
        handoff_to=agent,
        running=running,
    )
