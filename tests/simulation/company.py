"""The people of the simulated company, and where they are on the platforms."""

from bot.company.model import Person
from bot.protocol.ids import PersonId, PlatformName, TenantId
from bot.protocol.inbound import UserRef

TENANT = TenantId("sim")
PLATFORMS: tuple[PlatformName, ...] = ("slack", "teams")
ASKERS = tuple(PersonId(name) for name in ("ann", "ben", "cid"))
DECIDERS = tuple(PersonId(name) for name in ("cid", "dan", "eve", "fay"))
"""``cid`` asks and decides, though never on what he asked for."""
STRANGER = "zoe"
"""Nobody in the directory."""


def _person(person_id: PersonId) -> Person:
    return Person(
        id=person_id,
        name=person_id.title(),
        email=f"{person_id}@sim.test",
        slack=f"U-{person_id}",
        entra=f"U-{person_id}",
        reach_on="teams" if person_id in ("dan", "fay") else "slack",
    )


PEOPLE = tuple(_person(person_id) for person_id in dict.fromkeys((*ASKERS, *DECIDERS)))


def workspace_of(platform: PlatformName) -> str:
    """Return the workspace that the company has on a platform."""
    return f"{platform}-ws"


def user_of(person: str, platform: PlatformName) -> UserRef:
    """Return somebody as a platform knows them, without name and e-mail."""
    return UserRef(
        platform=platform, workspace=workspace_of(platform), user_id=f"U-{person}"
    )
