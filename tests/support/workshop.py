"""A small company made in code, for tests that need people and things, not a file."""

from bot.company.file import ArticleFile
from bot.company.model import About, Company, Person, Resource
from bot.protocol.ids import PersonId, PlatformName, TenantId

TENANT = TenantId("workshop")
MAYA, PRIYA, OMAR = PersonId("maya"), PersonId("priya"), PersonId("omar")
ELENA, SAM = PersonId("elena"), PersonId("sam")
DRAW, SCREEN, REPO = "app/draw", "hw/screen", "repo/core"
SEATS = STOCK = 2
"""Of `DRAW` and `SCREEN`; `REPO` is not counted."""


def _person(
    person_id: PersonId, name: str, title: str, *, reach_on: PlatformName = "slack"
) -> Person:
    return Person(
        id=person_id,
        name=name,
        email=f"{person_id}@workshop.test",
        title=title,
        department="Security" if title == "Guard" else "Making",
        manager=None if person_id == PRIYA else PRIYA,
        slack=f"U-{person_id}",
        entra=f"aad-{person_id}",
        reach_on=reach_on,
    )


WORKSHOP = Company(
    company=About(name="Workshop"),
    people=(
        _person(MAYA, "Maya Chen", "Designer"),
        _person(PRIYA, "Priya Nair", "Manager", reach_on="teams"),
        _person(OMAR, "Omar Haddad", "Engineer"),
        _person(ELENA, "Élena Sato", "Guard"),
        _person(SAM, "Sam Okoro", "Guard"),
    ),
    groups={"security": (ELENA, SAM)},
    resources=(
        Resource(
            id=DRAW,
            kind="app",
            name="Draw",
            owner=PRIYA,
            grants=("viewer", "editor"),
            seats=SEATS,
            specialist="software",
        ),
        Resource(
            id=SCREEN,
            kind="hardware",
            name="Screen",
            owner=PRIYA,
            price=350,
            stock=STOCK,
            specialist="hardware",
        ),
        Resource(
            id=REPO,
            kind="repository",
            name="Core",
            owner=OMAR,
            grants=("read", "write"),
            specialist="software",
        ),
    ),
)
ARTICLES = tuple(
    ArticleFile(ref=ref, title=title, owner="it", updated="2026-01-01", body=body)
    for ref, title, body in (
        (
            "vpn",
            "Connecting to the VPN",
            """# Connecting to the VPN

## Client

Install the client, then connect.

## Trouble

### It drops

Look at the *clock*: it's wrong.""",
        ),
        ("password", "Resetting your password", "Ask for a one-time link."),
        ("leave", "Days of leave", "Everybody has thirty days."),
    )
)
