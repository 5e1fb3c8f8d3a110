"""The people and groups of one tenant on Postgres, as an identity provider pushes them.

Each method that changes something is one transaction: what was pushed, what it makes
of the person, and the row in the audit.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.company.model import Company
from bot.company.pushed import Pushed, Said, key_of
from bot.ports.provisioning import (
    Document,
    Kept,
    Kind,
    Page,
    PersonPush,
    Provisioning,
    Taken,
    Where,
)
from bot.protocol.ids import PersonId, TenantId
from bot.store.audit import record_audit
from bot.store.engine import begin, connect
from bot.store.pushed import (
    by_id,
    columns_of,
    count_change,
    in_file,
    lock_directory,
    pushed_from,
    retire,
    write_person,
)
from bot.store.pushed_groups import PushedGroups
from bot.store.pushed_rows import WHO, kept_from, page_of
from bot.store.schema import person
from bot.store.schema_pushed import pushed_member, pushed_person


class StoredProvisioning(Provisioning):
    """What is pushed into one tenant.

    Args:
        engine: A pool of connections.
        tenant: Whose people they are.
        company: The company file: who is in it already.
    """

    def __init__(self, engine: AsyncEngine, tenant: TenantId, company: Company) -> None:
        self._people = PushedPeople(engine, tenant, company)
        self._groups = PushedGroups(engine, tenant)

    @property
    @override
    def people(self) -> "PushedPeople":
        return self._people

    @property
    @override
    def groups(self) -> PushedGroups:
        return self._groups


class PushedPeople(Kind[PersonPush]):
    """The people; who is removed stays as a row that nobody can find."""

    def __init__(self, engine: AsyncEngine, tenant: TenantId, company: Company) -> None:
        self._engine = engine
        self._tenant = tenant
        self._company = company
        self._written = by_id(company)

    @override
    async def find(
        self, where: Where, *, start: int, count: int, members: bool = True
    ) -> Page:
        del members
        tests = [self._live(), *(_test(field, value) for field, value in where)]
        async with connect(self._engine) as conn:
            return await page_of(conn, pushed_person, tests, start=start, count=count)

    @override
    async def get(self, scim_id: str) -> Kept | None:
        page = await self.find([("id", scim_id)], start=1, count=1)
        return page.found[0] if page.found else None

    @override
    async def add(self, push: PersonPush) -> Kept:
        async with begin(self._engine) as conn:
            await count_change(conn, self._tenant)
            await self._check_unique(conn, push.said, but="")
            scim_id = str(await conn.scalar(select(func.gen_random_uuid())))
            who = self._who(push.said, PersonId(scim_id))
            pushed = await self._seen(conn, scim_id, who, push)
            row = await conn.execute(
                insert(pushed_person)
                .values(
                    tenant_id=self._tenant,
                    scim_id=scim_id,
                    person_id=who,
                    body=push.body,
                    **columns_of(push.said, active=pushed.active),
                )
                .returning(*pushed_person.c)
            )
            await self._note(conn, pushed, "person.pushed", {})
            return kept_from(row.mappings().one())

    @override
    async def change(
        self, scim_id: str, change: Callable[[Kept], PersonPush]
    ) -> Kept | None:
        async with begin(self._engine) as conn:
            await lock_directory(conn, self._tenant)
            row = await self._locked(conn, scim_id)
            if row is None:
                return None
            before = kept_from(row)
            push = change(before)
            if push.body == before.body:
                return before
            await count_change(conn, self._tenant)
            await self._check_unique(conn, push.said, but=scim_id)
            was = pushed_from(row)
            who = self._who(push.said, was.person_id)
            pushed = await self._seen(conn, scim_id, who, push)
            after = await conn.execute(
                self._update(scim_id)
                .values(
                    person_id=who,
                    body=push.body,
                    **columns_of(push.said, active=pushed.active),
                )
                .returning(*pushed_person.c)
            )
            if who != was.person_id:
                await retire(conn, self._tenant, was.person_id)
            await self._note(conn, pushed, *_what(was, pushed, before.body, push.body))
            return kept_from(after.mappings().one())

    @override
    async def remove(self, scim_id: str, check: Callable[[Kept], None]) -> bool:
        async with begin(self._engine) as conn:
            await lock_directory(conn, self._tenant)
            row = await self._locked(conn, scim_id)
            if row is None:
                return False
            check(kept_from(row))
            await count_change(conn, self._tenant)
            was = pushed_from(row)
            gone = Pushed(
                scim_id=scim_id, person_id=was.person_id, said=was.said, active=False
            )
            await write_person(
                conn, self._tenant, gone, self._written.get(gone.person_id)
            )
            await conn.execute(self._update(scim_id).values(active=False, deleted=True))
            await conn.execute(
                pushed_member.delete().where(
                    pushed_member.c.tenant_id == self._tenant,
                    pushed_member.c.scim_id == scim_id,
                )
            )
            await self._note(conn, gone, "person.removed", {})
            return True

    # -------------------------------------------------------------------- what it is

    def _live(self) -> ColumnElement[bool]:
        return (pushed_person.c.tenant_id == self._tenant) & ~pushed_person.c.deleted

    def _update(self, scim_id: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own type is generic over rows
        return (
            update(pushed_person)
            .where(self._live(), pushed_person.c.scim_id == scim_id)
            .values(
                version=pushed_person.c.version + 1,
                updated_at=func.statement_timestamp(),
            )
        )

    async def _locked(self, conn: AsyncConnection, scim_id: str) -> RowMapping | None:
        rows = await conn.execute(
            select(*pushed_person.c)
            .where(self._live(), pushed_person.c.scim_id == scim_id)
            .with_for_update()
        )
        return rows.mappings().one_or_none()

    async def _check_unique(
        self, conn: AsyncConnection, said: Said, *, but: str
    ) -> None:
        others = (self._live(), pushed_person.c.scim_id != but)
        for what, column, key in (
            ("userName", pushed_person.c.user_key, key_of(said.user_name)),
            ("e-mail", pushed_person.c.email_key, key_of(said.email)),
        ):
            query = select(pushed_person.c.scim_id).where(*others, column == key)
            if key and await conn.scalar(query.limit(1)):
                raise Taken(f"The {what} {key!r} belongs to somebody else.")

    def _who(self, said: Said, otherwise: PersonId) -> PersonId:
        """Return who is pushed: the one of the file with the e-mail, if there is one."""
        if otherwise in self._written:
            return otherwise  # an e-mail that changes makes nobody somebody else
        same = in_file(self._company.people, said.email)
        if len(same) > 1:
            raise Taken("Two people in the company file have this e-mail.")
        return same[0].id if same else otherwise

    async def _seen(
        self, conn: AsyncConnection, scim_id: str, who: PersonId, push: PersonPush
    ) -> Pushed:
        """Make the person's row so; return who was pushed."""
        taken = select(pushed_person.c.scim_id).where(
            self._live(),
            pushed_person.c.person_id == who,
            pushed_person.c.scim_id != scim_id,
        )
        if await conn.scalar(taken.limit(1)):
            raise Taken(f"Somebody else was pushed for {who!r} of the company file.")
        others = select(person.c.person_id).where(
            person.c.tenant_id == self._tenant,
            person.c.person_id != who,
            person.c.active,
            person.c.entra == push.said.entra,
        )
        if push.said.entra and await conn.scalar(others.limit(1)):
            raise Taken(f"Somebody else has the object id {push.said.entra!r}.")
        pushed = Pushed(
            scim_id=scim_id, person_id=who, said=push.said, active=push.said.active
        )
        await write_person(conn, self._tenant, pushed, self._written.get(who))
        return pushed

    async def _note(
        self,
        conn: AsyncConnection,
        pushed: Pushed,
        what: str,
        detail: Mapping[str, JsonValue],
    ) -> None:
        await record_audit(
            conn,
            self._tenant,
            who=WHO,
            what=what,
            subject=pushed.person_id,
            detail={
                "scim_id": pushed.scim_id,
                "active": pushed.active,
                "manager": pushed.said.manager,
                **detail,
            },
        )


def _what(
    was: Pushed, now: Pushed, before: Document, after: Document
) -> tuple[str, dict[str, JsonValue]]:
    """Return what happened, and which attributes changed."""
    changed: list[JsonValue] = [
        name
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    detail: dict[str, JsonValue] = {"changed": changed}
    if was.said.manager != now.said.manager:
        detail["manager_before"] = was.said.manager
    if was.person_id != now.person_id:
        detail["was"] = was.person_id
    if was.active == now.active:
        return "person.changed", detail
    return ("person.activated" if now.active else "person.deactivated"), detail


def _test(field: str, value: str) -> ColumnElement[bool]:
    match field:
        case "id":
            return pushed_person.c.scim_id == value
        case "user_name":
            return pushed_person.c.user_key == key_of(value)
        case "email":
            return pushed_person.c.email_key == key_of(value)
        case "external_id":
            return pushed_person.c.external_id == value
        case "manager":
            return pushed_person.c.manager == key_of(value)
        case "active":
            return pushed_person.c.active == (value == "true")
        case _:
            raise AssertionError(f"people have no {field}")
