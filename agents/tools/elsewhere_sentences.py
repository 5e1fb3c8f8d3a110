"""What is said to people of access that another system gives."""

from agents.catalog import one
from agents.tools.sentences import whom_to_ask
from bot.company.model import Company, Resource
from bot.ports.systems import NotDone, Standing


def shown(company: Company, resource: Resource) -> str:
    """Return how people call the system of a resource."""
    said = company.systems.get(resource.system)
    return said.shown if said else resource.system


def no_account(company: Company, resource: Resource) -> str:
    """Say that nobody knows who they are there."""
    return (
        f"I don't know your account in {shown(company, resource)}, so I asked nobody and changed "
        f"nothing. {whom_to_ask(company, '')}"
    )


def given_by_others(company: Company, resource: Resource, grant: str) -> str:
    """Say that they have it, and that it does not end as they asked."""
    return (
        f"You have {one(resource, grant)} in {shown(company, resource)}, and somebody else "
        "gave it to you. So I changed nothing there, and it does not end by itself."
    )


def invited(company: Company, resource: Resource, grant: str, account: str) -> str:
    """Say that there is an invitation, and no access yet."""
    return (
        f"{shown(company, resource)} has invited {account}: {one(resource, grant)} "
        "begins once that invitation is accepted."
    )


def not_given(company: Company, resource: Resource, grant: str, why: NotDone) -> str:
    """Say that a system did not do it, and what to do next."""
    thing, system = one(resource, grant), shown(company, resource)
    ask = whom_to_ask(company, "")
    match why.why:
        case "busy":
            return f"{system} takes no more just now, so {thing} was not given. Ask again in a few minutes."
        case "unreachable":
            return f"{system} could not be reached, so {thing} was not given. Ask again later."
        case "credentials" | "forbidden":
            return f"{system} does not let me do that, so {thing} was not given. {ask}"
        case "unknown":
            return f"{system} does not know the account or what it should belong to, so {thing} was not given. {ask}"
        case "refused":
            return f"{system} refused it, so {thing} was not given. {ask}"


def state(company: Company, resource: Resource, standing: Standing | NotDone) -> str:
    """Return how a grant of our records stands in its system, where that matters."""
    match standing:
        case "active":
            return ""
        case "invited":
            return (
                f"begins once the invitation in {shown(company, resource)} is accepted"
            )
        case "absent":
            return (
                f"was removed in {shown(company, resource)} since; ask again if needed"
            )
        case NotDone():
            return f"is only in our records: {shown(company, resource)} did not tell"
