"""What an identity provider pushed, read for policies and written to ``person``.

Every change locks the tenant's row before any other, so that changes come one after the
other and none waits for another in a circle; and where something did change, it counts
``tenant.directory`` up, which tells every replica to read again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.company.model import Company, Person
from bot.company.pushed import Pushed, Said, key_of, person_of
from bot.protocol.ids import PersonId, TenantId
from bot.store.people import person_row
from bot.store.schema import person, tenant
from bot.store.schema_pushed import pushed_group, pushed_member, pushed_person

PUSHED = (
    pushed_person.c.scim_id,
    pushed_person.c.person_id,
    pushed_person.c.said,
    pushed_person.c.active,
)
"""The columns that `pushed_from` reads."""


async def directory_version(conn: AsyncConnection, tenant_id: TenantId) -> int:
    """Return how often something was pushed; 0: never."""
    found = await conn.scalar(
        select(tenant.c.directory).where(tenant.c.tenant_id == tenant_id)
    )
    return found or 0


async def lock_directory(conn: AsyncConnection, tenant_id: TenantId) -> None:
    """Let whoever else changes the tenant's people wait until this is over.

    Before anything else is locked: who has locked a person already would wait for who
    has the tenant and wants that person, for a group's member say.
    """
    await conn.execute(
        select(tenant.c.tenant_id)
        .where(tenant.c.tenant_id == tenant_id)
        .with_for_update(key_share=True)
    )


async def count_change(conn: AsyncConnection, tenant_id: TenantId) -> None:
    """Tell every replica to read the tenant's people and groups again."""
    await conn.execute(
        update(tenant)
        .where(tenant.c.tenant_id == tenant_id)
        .values(directory=tenant.c.directory + 1)
    )


def pushed_from(row: RowMapping) -> Pushed:
    """Return the pushed person that a row with the columns `PUSHED` describes."""
    return Pushed(
        scim_id=row["scim_id"],
        person_id=PersonId(row["person_id"]),
        said=Said.model_validate(row["said"]),
        active=row["active"],
    )


async def read_people(conn: AsyncConnection, tenant_id: TenantId) -> list[Pushed]:
    """Return who was pushed: of each person the live one, else the one removed last."""
    rows = await conn.execute(
        select(*PUSHED)
        .where(pushed_person.c.tenant_id == tenant_id)
        .order_by(pushed_person.c.deleted.desc(), pushed_person.c.updated_at)
    )
    people = [pushed_from(row) for row in rows.mappings()]
    return list({one.person_id: one for one in people}.values())


async def read_groups(
    conn: AsyncConnection, tenant_id: TenantId
) -> dict[str, list[str]]:
    """Return each pushed group's members, by its name."""
    rows = await conn.execute(
        select(pushed_group.c.body, pushed_member.c.scim_id)
        .outerjoin_from(
            pushed_group,
            pushed_member,
            (pushed_member.c.tenant_id == pushed_group.c.tenant_id)
            & (pushed_member.c.group_id == pushed_group.c.scim_id),
        )
        .where(pushed_group.c.tenant_id == tenant_id)
        .order_by(pushed_group.c.scim_id, pushed_member.c.scim_id)
    )
    groups: dict[str, list[str]] = {}
    for body, member in rows:
        members = groups.setdefault(str(body["displayName"]), [])
        if member is not None:
            members.append(member)
    return groups


def in_file(people: Iterable[Person], email: str) -> list[Person]:
    """Return who in the company file has this e-mail."""
    return [p for p in people if email and key_of(p.email) == key_of(email)]


async def write_person(
    conn: AsyncConnection,
    tenant_id: TenantId,
    pushed: Pushed,
    written: Person | None,
) -> None:
    """Make the person's row what was pushed and the company file say together.

    Its manager stays empty: only with everybody else's is it known, see
    `bot.company.pushed`. Accounts that were matched by e-mail stay matched, unless
    they have become somebody else's meanwhile.
    """
    values = person_row(person_of(pushed, written)) | {"active": pushed.active}
    for column in (person.c.slack, person.c.entra) if pushed.active else ():
        await _give_up(conn, tenant_id, pushed.person_id, column.name)
    kept = {
        name: func.coalesce(func.nullif(values[name], ""), person.c[name])
        for name in ("slack", "entra")
    }
    await conn.execute(
        insert(person)
        .values(tenant_id=tenant_id, person_id=pushed.person_id, **values)
        .on_conflict_do_update(
            index_elements=[person.c.tenant_id, person.c.person_id],
            set_={**values, **kept},
        )
    )


async def _give_up(
    conn: AsyncConnection, tenant_id: TenantId, person_id: PersonId, column: str
) -> None:
    other = person.alias("other")
    taken = select(other.c.person_id).where(
        other.c.tenant_id == tenant_id,
        other.c.person_id != person_id,
        other.c.active,
        other.c[column] == person.c[column],
    )
    await conn.execute(
        update(person)
        .where(
            person.c.tenant_id == tenant_id,
            person.c.person_id == person_id,
            ~person.c.active,
            person.c[column] != "",
            taken.exists(),
        )
        .values({column: ""})
    )


async def retire(
    conn: AsyncConnection, tenant_id: TenantId, person_id: PersonId
) -> None:
    """Make somebody inactive whom nobody is any more."""
    await conn.execute(
        update(person)
        .where(person.c.tenant_id == tenant_id, person.c.person_id == person_id)
        .values(active=False)
    )


async def rejoin(conn: AsyncConnection, tenant_id: TenantId, company: Company) -> None:
    """Put who was pushed back beside the company file's people, after it was read.

    Who was pushed first and stands in the file now is the file's person from here on.
    """
    await lock_directory(conn, tenant_id)
    pushed = await read_people(conn, tenant_id)
    if not pushed:
        return
    await count_change(conn, tenant_id)
    written = {p.id: p for p in company.people}
    spoken_for = {one.person_id for one in pushed}
    for before in pushed:
        one = before
        same = in_file(company.people, before.said.email)
        if (
            before.person_id not in written
            and len(same) == 1
            and same[0].id not in spoken_for
            and before.active
        ):
            one = Pushed(
                scim_id=before.scim_id,
                person_id=same[0].id,
                said=before.said,
                active=before.active,
            )
            await _become(conn, tenant_id, one)
            await retire(conn, tenant_id, before.person_id)
        await write_person(conn, tenant_id, one, written.get(one.person_id))


async def _become(conn: AsyncConnection, tenant_id: TenantId, one: Pushed) -> None:
    await conn.execute(
        update(pushed_person)
        .where(
            pushed_person.c.tenant_id == tenant_id,
            pushed_person.c.scim_id == one.scim_id,
        )
        .values(person_id=one.person_id)
    )


def by_id(company: Company) -> Mapping[PersonId, Person]:
    """Return the file's people by their ids."""
    return {p.id: p for p in company.people}


def columns_of(said: Said, *, active: bool) -> dict[str, Any]:
    """Return the columns that what was said fills."""
    return {
        "user_key": key_of(said.user_name),
        "email_key": key_of(said.email),
        "external_id": said.external_id,
        "manager": key_of(said.manager),
        "active": active,
        "said": said.model_dump(),
    }
