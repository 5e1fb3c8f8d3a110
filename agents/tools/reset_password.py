"""Reset the requester's own password; nobody else's, whatever a model writes."""

from pydantic import Field

from agents.language import words
from agents.tools import results, sentences
from agents.tools.tool import Arguments, Setting, Tool, failed
from bot.company.model import Company, Person
from bot.ports.agent import Allowed, Refused, Ruling, ToolResult
from bot.ports.records import Effect

_SELF = frozenset({"me", "my", "mine", "myself", "i", "self", "own", "requester"})


class ResetArguments(Arguments):
    """Whose password."""

    person: str = Field(
        default="",
        description=(
            "Whose password, exactly as the requester put it; empty for their own. "
            "Never fill in the requester for somebody else's."
        ),
    )


def is_own(person: Person, said: str) -> bool:
    """Return whether ``said`` certainly means ``person`` and nobody else."""
    if said.strip().casefold() in {"", person.id.casefold(), person.email.casefold()}:
        return True
    spoken = tuple(word.text for word in words(said))
    full_name = tuple(word.text for word in words(person.name))
    return spoken == full_name or (bool(spoken) and set(spoken) <= _SELF)


async def rule(setting: Setting, arguments: ResetArguments) -> Ruling:
    """Let everybody reset their own, and only their own."""
    if not is_own(setting.person, arguments.person):
        return Refused(
            reason=sentences.not_your_password(setting.company),
            policy=sentences.OWN_PASSWORD_RULE,
        )
    return Allowed(policy=sentences.OWN_PASSWORD_RULE)


async def run(setting: Setting, arguments: ResetArguments) -> ToolResult:
    """File the reset; the argument is checked once more."""
    if not is_own(setting.person, arguments.person):
        return failed(
            "No password was reset", sentences.not_your_password(setting.company)
        )
    filed = await setting.records.reset_password(
        setting.tenant, key=setting.call.key, person=setting.person_id
    )
    return _filed(setting, filed.reference)


def _filed(setting: Setting, reference: str) -> ToolResult:
    return results.card(
        "Password reset filed",
        {"For": setting.person.name, "Reference": reference},
        step="Filed the password reset",
        status="reset",
        sentence=sentences.reset_filed(reference),
        reference=reference,
        good=True,
    )


def recall(setting: Setting, arguments: ResetArguments, effect: Effect) -> ToolResult:
    """Return the result of a reset found in the ledger."""
    del arguments
    return _filed(setting, effect.reference)


def running(company: Company, arguments: ResetArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Resetting the password of {arguments.person or 'the requester'}"


RESET_PASSWORD = Tool(
    name="reset_password",
    description=(
        "File a reset of the requester's own password, so that they get a one-time "
        "link. For anybody else's password it is refused, and that is final."
    ),
    arguments=ResetArguments,
    effect="once",
    running=running,
    rule=rule,
    run=run,
    recall=recall,
)
