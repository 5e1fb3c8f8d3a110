"""Give a grant in the system that the company file names for it."""

from agents.tools import elsewhere_sentences as sentences
from agents.tools.tool import Setting
from bot.company.model import Resource
from bot.ports.systems import AccessSystem, NotDone, Standing


def account_of(setting: Setting, resource: Resource) -> str:
    """Return who the requester is in the resource's system, or ""."""
    return setting.accounts.get(resource.system, "")


def obstacle(setting: Setting, resource: Resource, days: int | None) -> str:
    """Return why the system could not give it, before anybody is asked; or ""."""
    if not resource.system:
        return ""
    if days:
        return sentences.no_end(setting.company, resource)
    if not account_of(setting, resource):
        return sentences.no_account(setting.company, resource)
    return ""


async def given_there(
    setting: Setting, resource: Resource, grant: str
) -> Standing | NotDone:
    """Give a grant in the resource's system.

    Raises:
        SystemUnsureError: Nobody can tell whether it happened, or still will.
    """
    way = _way(setting, resource, grant)
    if isinstance(way, NotDone):
        return way
    system, target, account = way
    return await system.give(target, account)


async def standing_there(
    setting: Setting, resource: Resource, grant: str
) -> Standing | NotDone:
    """Return whether the requester has a grant in the resource's system."""
    way = _way(setting, resource, grant)
    if isinstance(way, NotDone):
        return way
    system, target, account = way
    return await system.look(target, account)


async def held_there(setting: Setting, resource: Resource, grant: str) -> Standing:
    """Return how far a grant in our records is there, too.

    Invitations expire, and people are removed by others; where the system does not
    tell, our records are believed, and nobody is asked to approve in vain.
    """
    standing = await standing_there(setting, resource, grant)
    if isinstance(standing, NotDone):
        return "absent" if standing.why == "unknown" else "active"
    return standing


def _way(
    setting: Setting, resource: Resource, grant: str
) -> tuple[AccessSystem, str, str] | NotDone:
    system = setting.systems.get(resource.system)
    if system is None:
        return NotDone(why="unreachable", detail="not connected")
    target, account = resource.targets.get(grant), account_of(setting, resource)
    if not target or not account:
        return NotDone(why="unknown", detail="no target or no account")
    return system, target, account
