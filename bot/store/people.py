"""Tenants, the people in them, and how platforms know both.

People come from the company file, and from who pushes them (`bot.store.pushed`); a
platform's user is matched by the id in the file, or once by e-mail, after which the id
is remembered. Who is gone stays as a row that is not active, because grants and
decisions name them.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, RowMapping, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.company.file import ArticleFile
from bot.company.model import Company, Person, Resource
from bot.protocol.ids import PersonId, PlatformName, TenantId
from bot.protocol.inbound import Address, UserRef
from bot.store.direct import Row, direct
from bot.store.knowledge import write_folder
from bot.store.schema import installation, person, person_address, tenant
from bot.store.schema_records import resource

# ------------------------------------------------------------------ the company file


async def sync_company(
    conn: AsyncConnection,
    tenant_id: TenantId,
    company: Company,
    articles: Sequence[ArticleFile] | None,
) -> None:
    """Make the tenant's people, resources and articles what the company file says.

    A shelf's count is taken over only when the file's number has changed: until then
    what was ordered meanwhile counts. Articles stay as they are where there are none to
    read (``None``): their folder may only not be mounted yet.
    """
    # Locked first: two replicas that start at once do this one after the other.
    await save_tenant(conn, tenant_id, company.company.name)
    await _sync_people(conn, tenant_id, company.people)
    await _sync_resources(conn, tenant_id, company.resources)
    if articles is not None:
        await write_folder(conn, tenant_id, articles)


async def save_tenant(conn: AsyncConnection, tenant_id: TenantId, name: str) -> None:
    """Note the tenant and lock its row: who writes for it waits until this is over."""
    named = {"name": name}
    await conn.execute(
        insert(tenant)
        .values(tenant_id=tenant_id, **named)
        .on_conflict_do_update(index_elements=[tenant.c.tenant_id], set_=named)
    )


async def _sync_people(
    conn: AsyncConnection, tenant_id: TenantId, people: Sequence[Person]
) -> None:
    await conn.execute(
        update(person)
        .where(
            person.c.tenant_id == tenant_id,
            person.c.person_id.not_in([p.id for p in people]),
        )
        .values(active=False)
    )
    await _forget_claimed_ids(conn, tenant_id, people)
    upsert = insert(person)
    new = upsert.excluded
    kept_if_unsaid = {
        name: func.coalesce(func.nullif(new[name], ""), person.c[name])
        for name in ("slack", "entra")
    }
    for one in people:
        values = person_row(one)
        await conn.execute(
            upsert.values(
                tenant_id=tenant_id, person_id=one.id, **values
            ).on_conflict_do_update(
                index_elements=[person.c.tenant_id, person.c.person_id],
                set_={name: new[name] for name in values} | kept_if_unsaid,
            )
        )


async def _forget_claimed_ids(
    conn: AsyncConnection, tenant_id: TenantId, people: Sequence[Person]
) -> None:
    """Take platform ids that the file gives to one person from everybody else.

    They may have been matched by e-mail to somebody else, or have moved.
    """
    for column, name in ((person.c.slack, "slack"), (person.c.entra, "entra")):
        owner = {getattr(p, name): p.id for p in people if getattr(p, name)}
        if owner:
            await conn.execute(
                update(person)
                .where(
                    person.c.tenant_id == tenant_id,
                    column.in_(owner),
                    person.c.person_id != case(owner, value=column),
                )
                .values({column: ""})
            )


def person_row(one: Person) -> dict[str, Any]:
    """Return the columns of an active person."""
    return {
        "name": one.name,
        "email": one.email,
        "title": one.title,
        "department": one.department,
        "manager": one.manager,
        "slack": one.slack,
        "entra": one.entra,
        "reach_on": one.reach_on,
        "employment": one.employment,
        "starts": one.starts,
        "ends": one.ends,
        "roles": list(one.roles),
        "active": True,
        "search": fold(f"{one.name} {one.email} {one.title} {one.department}"),
    }


async def _sync_resources(
    conn: AsyncConnection, tenant_id: TenantId, resources: Sequence[Resource]
) -> None:
    await conn.execute(
        update(resource)
        .where(
            resource.c.tenant_id == tenant_id,
            resource.c.resource_id.not_in([r.id for r in resources]),
        )
        .values(active=False)
    )
    upsert = insert(resource)
    new = upsert.excluded
    recounted = resource.c.stock_counted.is_distinct_from(new.stock_counted)
    for one in resources:
        await conn.execute(
            upsert.values(
                tenant_id=tenant_id,
                resource_id=one.id,
                kind=one.kind,
                name=one.name,
                seats=one.seats,
                stock=one.stock,
                stock_counted=one.stock,
                active=True,
            ).on_conflict_do_update(
                index_elements=[resource.c.tenant_id, resource.c.resource_id],
                set_={
                    "kind": new.kind,
                    "name": new.name,
                    "seats": new.seats,
                    "stock": case((recounted, new.stock), else_=resource.c.stock),
                    "stock_counted": new.stock_counted,
                    "active": True,
                },
            )
        )


def fold(text: str) -> str:
    """Return ``text`` for comparing: no accents, no case."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


# ---------------------------------------------------------------------- installations


async def link_installation(
    conn: AsyncConnection, tenant_id: TenantId, platform: PlatformName, workspace: str
) -> bool:
    """Say that the workspace is the tenant's; False if it is another's already."""
    await conn.execute(
        insert(installation)
        .values(tenant_id=tenant_id, platform=platform, workspace=workspace)
        .on_conflict_do_nothing()
    )
    return await tenant_of(conn, platform, workspace) == tenant_id


_tenant_of = direct(
    """
    SELECT tenant_id FROM installation
    WHERE platform = :platform AND workspace = :workspace
    """
)


async def tenant_of(
    conn: AsyncConnection, platform: PlatformName, workspace: str
) -> TenantId | None:
    """Return whose workspace it is; ``None`` if Deskhand is not installed there."""
    row = await _tenant_of.one(conn, platform=platform, workspace=workspace)
    return None if row is None else row["tenant_id"]


async def workspace_of(
    conn: AsyncConnection, tenant_id: TenantId, platform: PlatformName
) -> str:
    """Return the tenant's first workspace on the platform; empty if it has none."""
    found = await conn.scalar(
        select(installation.c.workspace)
        .where(
            installation.c.tenant_id == tenant_id, installation.c.platform == platform
        )
        .order_by(installation.c.created_at, installation.c.workspace)
        .limit(1)
    )
    return found or ""


# ------------------------------------------------------------------------- directory

PERSON = (
    person.c.person_id,
    person.c.name,
    person.c.email,
    person.c.title,
    person.c.department,
    person.c.manager,
    person.c.slack,
    person.c.entra,
    person.c.reach_on,
    person.c.employment,
    person.c.starts,
    person.c.ends,
    person.c.roles,
)
"""The columns that `person_from` reads."""


_FROM_PERSON = (
    f"SELECT {', '.join(column.name for column in PERSON)} FROM person "  # noqa: S608 - names of our schema
    "WHERE tenant_id = :tenant_id AND active AND "
)
_find_person = direct(_FROM_PERSON + "person_id = :person_id")
_find_by_platform = {
    "slack": direct(_FROM_PERSON + "slack = :user_id"),
    "teams": direct(_FROM_PERSON + "entra = :user_id"),
}


def person_from(row: RowMapping | Row) -> Person:
    """Return the person that a row with the columns `PERSON` describes."""
    values: dict[str, Any] = {column.name: row[column.name] for column in PERSON}
    return Person(id=values.pop("person_id"), **values)


async def find_person(
    conn: AsyncConnection, tenant_id: TenantId, person_id: PersonId
) -> Person | None:
    """Return the active person with this id."""
    row = await _find_person.one(conn, tenant_id=tenant_id, person_id=person_id)
    return None if row is None else person_from(row)


async def find_by_platform(
    conn: AsyncConnection, tenant_id: TenantId, user: UserRef
) -> Person | None:
    """Return the active person whom the platform knows by this id."""
    if not user.user_id:
        return None
    find = _find_by_platform[user.platform]
    row = await find.one(conn, tenant_id=tenant_id, user_id=user.user_id)
    return None if row is None else person_from(row)


async def link_platform_user(
    conn: AsyncConnection, tenant_id: TenantId, user: UserRef
) -> Person | None:
    """Match a user by e-mail with the one active person who has it, and remember.

    Somebody who is known on the platform under another id is not matched: an e-mail
    must not be a way to become somebody. Nor is an e-mail that two people share.
    """
    if not user.email or not user.user_id:
        return None
    has_email = (
        person.c.tenant_id == tenant_id,
        func.lower(person.c.email) == _lower(user.email),
        person.c.active,
    )
    alone = select(func.count()).select_from(person).where(*has_email)
    column = _platform_id(user.platform)
    other = person.alias("other")
    taken = select(other.c.person_id).where(
        other.c.tenant_id == tenant_id,
        other.c[column.name] == user.user_id,
        other.c.person_id != person.c.person_id,
        other.c.active,
    )
    rows = await conn.execute(
        update(person)
        .where(
            *has_email,
            column.in_(["", user.user_id]),
            alone.scalar_subquery() == 1,
            ~taken.exists(),
        )
        .values({column: user.user_id})
        .returning(*PERSON)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else person_from(row)


def _lower(email: str) -> str:
    """Return an address without the case of its ASCII letters.

    Python's `lower` also turns other signs into ASCII ones, the Kelvin sign into a
    ``k`` for one, and so an address into somebody else's.
    """
    return "".join(c.lower() if c.isascii() else c for c in email)


def _platform_id(platform: PlatformName) -> Column[str]:
    return {"slack": person.c.slack, "teams": person.c.entra}[platform]


# ------------------------------------------------------------------------- addresses


_remember_address = direct(
    """
    INSERT INTO person_address AS a (tenant_id, person_id, platform, address)
    VALUES (:tenant_id, :person_id, :platform, CAST(:address AS jsonb))
    ON CONFLICT (tenant_id, person_id, platform) DO UPDATE
    SET address = excluded.address, updated_at = statement_timestamp()
    WHERE a.address <> excluded.address
    """
)


async def remember_address(
    conn: AsyncConnection, tenant_id: TenantId, person_id: PersonId, address: Address
) -> None:
    """Note where the person was met last on the address's platform."""
    await _remember_address.all(
        conn,
        tenant_id=tenant_id,
        person_id=person_id,
        platform=address.platform,
        address=address.model_dump_json(),
    )


async def address_of(
    conn: AsyncConnection,
    tenant_id: TenantId,
    person_id: PersonId,
    platform: PlatformName,
) -> Address | None:
    """Return where the person was met last on the platform, if ever."""
    found = await conn.scalar(
        select(person_address.c.address).where(
            person_address.c.tenant_id == tenant_id,
            person_address.c.person_id == person_id,
            person_address.c.platform == platform,
        )
    )
    return None if found is None else Address.model_validate(found)
