"""Statements about who is who on the platforms. As in `bot/store/people.py`."""

from collections.abc import Mapping
from dataclasses import replace

from bot.company.model import Company, Person
from bot.protocol.ids import PersonId, PlatformName, TenantId
from bot.protocol.inbound import Address, UserRef
from tests.simulation.database import Session
from tests.simulation.store_conversations import deliver, first_time
from tests.simulation.tables import PersonRecord, Tables


def load_company(
    tables: Tables,
    tenant_id: TenantId,
    company: Company,
    workspaces: Mapping[PlatformName, str],
) -> None:
    """Let a company have been there from the start."""
    for person in company.people:
        tables.person.write((tenant_id, person.id), PersonRecord(person=person))
    for platform, workspace in workspaces.items():
        tables.installation.write((platform, workspace), tenant_id)


async def tenant_of(
    s: Session, platform: PlatformName, workspace: str
) -> TenantId | None:
    """Return whose workspace it is."""
    return s.get(s.tables.installation, (platform, workspace))


async def recognise(s: Session, user: UserRef) -> tuple[TenantId | None, Person | None]:
    """Return whose workspace it is, and the active person with this id there."""
    tenant_id = await tenant_of(s, user.platform, user.workspace)
    person = await find_by_platform(s, tenant_id, user) if tenant_id else None
    return tenant_id, person


async def workspace_of(s: Session, tenant_id: TenantId, platform: PlatformName) -> str:
    """Return the tenant's first workspace on the platform; empty: none."""
    for (name, workspace), whose in s.rows(s.tables.installation).items():
        if (name, whose) == (platform, tenant_id):
            return workspace
    return ""


async def find_by_platform(
    s: Session, tenant_id: TenantId, user: UserRef
) -> Person | None:
    """Return the active person with this id on the platform."""
    for person in _active(s, tenant_id):
        if user.user_id and _platform_id(person, user.platform) == user.user_id:
            return person
    return None


async def link_platform_user(
    s: Session, tenant_id: TenantId, user: UserRef
) -> Person | None:
    """Match a user by e-mail with the one active person who has it, for good."""
    if not user.email or not user.user_id:
        return None
    email = _lower(user.email)
    alike = [p for p in _active(s, tenant_id) if _lower(p.email) == email]
    taken = await find_by_platform(s, tenant_id, user)
    if len(alike) != 1 or (taken is not None and taken.id != alike[0].id):
        return None
    key = (tenant_id, alike[0].id)
    row = await s.lock(s.tables.person, key)
    known = _platform_id(row.person, user.platform) if row else ""
    if row is None or known not in {"", user.user_id}:
        return None
    column = {"slack": "slack", "teams": "entra"}[user.platform]
    linked = row.person.model_copy(update={column: user.user_id})
    s.put(s.tables.person, key, replace(row, person=linked))
    return linked


def _active(s: Session, tenant_id: TenantId) -> list[Person]:
    return [
        row.person
        for (whose, _), row in s.rows(s.tables.person).items()
        if whose == tenant_id and row.active
    ]


def _platform_id(person: Person, platform: PlatformName) -> str:
    return {"slack": person.slack, "teams": person.entra}[platform]


def _lower(email: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in email)


async def remember_address(
    s: Session, tenant_id: TenantId, person_id: PersonId, address: Address
) -> None:
    """Note where the person was met last on the address's platform."""
    key = (tenant_id, person_id, address.platform)
    await s.lock(s.tables.person_address, key)
    s.put(s.tables.person_address, key, address)


async def address_of(
    s: Session, tenant_id: TenantId, person_id: PersonId, platform: PlatformName
) -> Address | None:
    """Return where the person was met last on the platform, if ever."""
    return s.get(s.tables.person_address, (tenant_id, person_id, platform))


async def receive(
    s: Session,
    tenant: TenantId,
    *,
    delivery_id: str,
    said_key: str,
    address: Address,
    kind: str,
    body: str,
    met: PersonId | None,
) -> bool:
    """Put what somebody said into their conversation, unless it came before."""
    if not await first_time(
        s,
        tenant,
        delivery_id=delivery_id,
        said_key=said_key,
        platform=address.platform,
    ):
        return False
    if met is not None:
        await remember_address(s, tenant, met, address)
    await deliver(s, tenant, address.conversation_id, address, kind, body)
    return True
