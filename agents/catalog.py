"""What follows from a catalog entry: how it is asked for, what it costs. Pure."""

from agents.language import stems
from bot.company.model import Company, Resource


def find_resource(company: Company, said: str) -> Resource | None:
    """Return the resource whose id, name or alias ``said`` is; else ``None``."""
    if exact := company.resource(said.strip()):
        return exact
    wanted = stems(said)
    matching = [
        resource
        for resource in company.resources
        if wanted in {stems(name) for name in (resource.name, *resource.aliases)}
    ]
    return matching[0] if len(matching) == 1 else None


def takes_seat(resource: Resource, grant: str) -> bool:
    """Return whether the grant uses up one of the resource's seats.

    A grant that the file prices at nothing does not: looking is free.
    """
    return resource.seats is not None and resource.monthly_cost.get(grant, 1.0) > 0


def request_tool(resource: Resource) -> str:
    """Return the tool that asks for this resource."""
    if not resource.grants:
        return "order_hardware"
    return "grant_access" if resource.seats is None else "assign_seat"


def includes(resource: Resource, held: str, wanted: str) -> bool:
    """Return whether who holds ``held`` already has ``wanted``."""
    if held not in resource.grants or wanted not in resource.grants:
        return held == wanted
    return resource.grants.index(held) >= resource.grants.index(wanted)


def what(resource: Resource, grant: str = "") -> str:
    """Return the words for one thing asked for, e.g. "read access to …"."""
    if not grant:
        return resource.name
    if takes_seat(resource, grant):
        return f"{resource.name} {grant} seat"
    return f"{grant} access to {resource.name}"


def one(resource: Resource, grant: str = "") -> str:
    """Return `what` with an article where it is one countable thing."""
    words = what(resource, grant)
    if grant and not takes_seat(resource, grant):
        return words
    return f"{'an' if words[:1].casefold() in 'aeiou' else 'a'} {words}"


def money(amount: float, currency: str) -> str:
    """Return an amount as people write it, e.g. "1,650 EUR"."""
    text = f"{amount:,.2f}".removesuffix(".00")
    return f"{text} {currency}"


def cost(resource: Resource, grant: str = "") -> str:
    """Return what it costs in words; empty when the file does not say."""
    if not grant:
        if resource.price is None:
            return ""
        return money(resource.price, resource.currency)
    monthly = resource.monthly_cost.get(grant)
    if monthly is None:
        return ""
    if monthly == 0:
        return "free"
    return f"{money(monthly, resource.currency)} a month"


def lasting(resource: Resource, days: int | None) -> float:
    """Return after how many seconds access ends by itself; 0: it does not.

    Args:
        resource: What access is given to; it may set a limit.
        days: For how long it is wanted, if somebody said.
    """
    wanted = days * 86400.0 if days else 0.0
    return min(filter(None, (wanted, resource.longest)), default=0.0)


def span(seconds: float) -> str:
    """Return a duration in words, e.g. "8 hours"."""
    for unit, size in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds / 60:.0f} minutes"
