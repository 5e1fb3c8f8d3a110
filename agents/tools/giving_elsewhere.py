"""Give a grant in the system that the company file names for it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from agents.tools import elsewhere_sentences as sentences
from agents.tools.tool import Setting
from bot.company.model import Resource
from bot.ports.records import Access, Grant
from bot.ports.systems import AccessSystem, Membership, NotDone, Standing

MOST_LOOKS = 5
"""Grants whose system is asked when somebody wants to know what they have."""
LOOK_SECONDS = 5.0
RULING_SECONDS = 8.0
"""For the look before a ruling, which the engine gives 10 s."""


def account_of(setting: Setting, resource: Resource) -> str:
    """Return who the requester is in the resource's system, or ""."""
    return setting.accounts.get(resource.system, "")


def obstacle(setting: Setting, resource: Resource) -> str:
    """Return why the system could not give it, before anybody is asked; or ""."""
    if resource.system and not account_of(setting, resource):
        return sentences.no_account(setting.company, resource)
    return ""


def membership_of(
    setting: Setting, resource: Resource, grant: str
) -> Membership | None:
    """Return what a grant is in the resource's system; ``None``: it is given here."""
    if not resource.system:
        return None
    return Membership(
        system=resource.system,
        target=resource.targets.get(grant, ""),
        account=account_of(setting, resource),
    )


async def given_there(
    setting: Setting,
    resource: Resource,
    grant: str,
    *,
    ends_at: datetime | None,
    seat: bool,
) -> Standing | NotDone:
    """Give a grant in the resource's system, once it is noted that this is tried.

    The system looks once more after the note: whoever takes an older grant's access
    away either finds the note, or has done so before that look.

    Raises:
        OutOfStock: A seat was asked for and none is free.
        SystemUnsureError: Nobody can tell whether it happened, or still will.
    """
    way = _way(setting, resource, grant)
    if isinstance(way, NotDone):
        return way
    system, target, account = way
    before = await system.look(target, account)
    if isinstance(before, NotDone):
        return before
    await setting.records.reserve_access(
        setting.tenant,
        key=setting.call.key,
        access=Access(
            person=setting.person_id,
            resource_id=resource.id,
            grant=grant,
            ends_at=ends_at,
            seat=seat,
            turn_id=setting.call.turn_id,
        ),
        where=Membership(system=resource.system, target=target, account=account),
        there=before != "absent",
        looked_at=setting.call.now,
    )
    standing = await system.give(target, account)
    # What an earlier attempt asked for may be there, or still come: that stays noted.
    if isinstance(standing, NotDone) and setting.call.attempt == 1:
        await setting.records.release_access(setting.tenant, key=setting.call.key)
    return standing


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
    standing = await _seen(setting, resource, grant, RULING_SECONDS)
    if isinstance(standing, NotDone):
        return "absent" if standing.why == "unknown" else "active"
    return standing


async def _seen(
    setting: Setting, resource: Resource, grant: str, seconds: float
) -> Standing | NotDone:
    try:
        async with asyncio.timeout(seconds):
            return await standing_there(setting, resource, grant)
    except TimeoutError:
        return NotDone(why="unreachable", detail="took too long")


async def states_there(setting: Setting, held: Sequence[Grant]) -> list[str]:
    """Return what is to be said of each grant's standing in its system; mostly "".

    Only the newest are looked at, all at once and not for long: what a system does not
    tell in time is as our records say.
    """
    elsewhere = {
        place: resource
        for place, grant in enumerate(held)
        if (resource := setting.company.resource(grant.resource_id)) and resource.system
    }
    async with asyncio.TaskGroup() as looks:
        asked = {
            place: looks.create_task(
                _seen(setting, elsewhere[place], held[place].grant, LOOK_SECONDS)
            )
            for place in list(elsewhere)[:MOST_LOOKS]
        }
    states = [""] * len(held)
    for place, found in asked.items():
        states[place] = sentences.state(
            setting.company, elsewhere[place], found.result()
        )
    return states


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
