"""What is said of a grant whose time is over: to who had it, and to IT."""

from agents.catalog import one
from agents.tools.elsewhere_sentences import shown
from agents.tools.sentences import upper_first
from bot.company.model import Company, Person
from bot.ports.endings import Ending


def thing(company: Company, ending: Ending) -> str:
    """Return what was granted, in words; also what the file does not have any more."""
    resource = company.resource(ending.resource_id)
    if resource is None:
        return f"{ending.grant} access to {ending.resource_id}"
    return one(resource, ending.grant)


def ended(company: Company, ending: Ending) -> str:
    """Tell somebody that they do not have it any more."""
    words = thing(company, ending)
    resource = company.resource(ending.resource_id)
    taken = (
        f" I took it away in {shown(company, resource)}."
        if ending.where and resource
        else ""
    )
    return (
        f"{upper_first(words)} was yours for a limited time, which is over now.{taken} "
        "Ask me again if you still need it."
    )


def report(
    company: Company, ending: Ending, person: Person | None, why: str
) -> tuple[str, str]:
    """Return title and body of the ticket for what could not be taken away."""
    name = person.name if person else ending.person_id
    where = ending.where
    assert where is not None, "what is in our records alone ends without asking anybody"
    doing = "take away" if ending.given else "find out about"
    title = f"Please {doing} {thing(company, ending)} of {name}"
    body = (
        f"Grant {ending.reference}, due at {ending.due_at:%Y-%m-%d %H:%M} UTC: account "
        f"{where.account} in {where.target} ({where.system}). It was tried "
        f"{ending.tries} times; {where.system} says: {why}. It is still being tried, "
        "ever more seldom, for 30 days. If you do it by hand, the next try notices."
    )
    return title, body
