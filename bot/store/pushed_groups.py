"""The groups of one tenant on Postgres, as an identity provider pushes them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import JsonValue
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.company.pushed import key_of
from bot.ports.provisioning import (
    GroupPush,
    Kept,
    Kind,
    NoSuchMember,
    Page,
    Taken,
    Where,
)
from bot.protocol.ids import TenantId
from bot.store.audit import record_audit
from bot.store.engine import begin, connect
from bot.store.pushed import count_change, lock_directory
from bot.store.pushed_rows import WHO, kept_from, page_of
from bot.store.schema_pushed import pushed_group, pushed_member, pushed_person


class PushedGroups(Kind[GroupPush]):
    """The groups. One that is removed is gone; the audit has it."""

    def __init__(self, engine: AsyncEngine, tenant: TenantId) -> None:
        self._engine = engine
        self._tenant = tenant

    @override
    async def find(
        self, where: Where, *, start: int, count: int, members: bool = True
    ) -> Page:
        tests = [self._ours(), *(self._test(field, value) for field, value in where)]
        async with connect(self._engine) as conn:
            page = await page_of(conn, pushed_group, tests, start=start, count=count)
            if not members or not page.found:
                return page
            return replace(page, found=await self._filled(conn, page.found))

    @override
    async def get(self, scim_id: str) -> Kept | None:
        page = await self.find([("id", scim_id)], start=1, count=1)
        return page.found[0] if page.found else None

    @override
    async def add(self, push: GroupPush) -> Kept:
        async with begin(self._engine) as conn:
            await count_change(conn, self._tenant)
            await self._check_unique(conn, push, but="")
            row = await conn.execute(
                insert(pushed_group)
                .values(
                    tenant_id=self._tenant,
                    scim_id=select(
                        func.gen_random_uuid().cast(pushed_group.c.scim_id.type)
                    ).scalar_subquery(),
                    name_key=key_of(push.name),
                    external_id=push.external_id,
                    body=push.body,
                )
                .returning(*pushed_group.c)
            )
            kept = kept_from(row.mappings().one())
            await self._set_members(conn, kept.id, (), push.members)
            await self._note(
                conn, kept.id, push.name, "group.pushed", after=push.members
            )
            return (await self._filled(conn, [kept]))[0]

    @override
    async def change(
        self, scim_id: str, change: Callable[[Kept], GroupPush]
    ) -> Kept | None:
        async with begin(self._engine) as conn:
            await lock_directory(conn, self._tenant)
            before = await self._locked(conn, scim_id)
            if before is None:
                return None
            push = change(before)
            if push.body == before.body and set(push.members) == set(before.members):
                return before
            await count_change(conn, self._tenant)
            await self._check_unique(conn, push, but=scim_id)
            await self._set_members(conn, scim_id, before.members, push.members)
            row = await conn.execute(
                update(pushed_group)
                .where(self._ours(), pushed_group.c.scim_id == scim_id)
                .values(
                    name_key=key_of(push.name),
                    external_id=push.external_id,
                    body=push.body,
                    version=pushed_group.c.version + 1,
                    updated_at=func.statement_timestamp(),
                )
                .returning(*pushed_group.c)
            )
            kept = kept_from(row.mappings().one())
            await self._note(
                conn,
                scim_id,
                push.name,
                "group.changed",
                before=before.members,
                after=push.members,
            )
            return (await self._filled(conn, [kept]))[0]

    @override
    async def remove(self, scim_id: str, check: Callable[[Kept], None]) -> bool:
        async with begin(self._engine) as conn:
            await lock_directory(conn, self._tenant)
            before = await self._locked(conn, scim_id)
            if before is None:
                return False
            check(before)
            await count_change(conn, self._tenant)
            await conn.execute(
                pushed_group.delete().where(
                    self._ours(), pushed_group.c.scim_id == scim_id
                )
            )
            name = str(before.body["displayName"])
            await self._note(
                conn, scim_id, name, "group.removed", before=before.members
            )
            return True

    # -------------------------------------------------------------------- what it is

    def _ours(self) -> ColumnElement[bool]:
        return pushed_group.c.tenant_id == self._tenant

    def _test(self, field: str, value: str) -> ColumnElement[bool]:
        match field:
            case "id":
                return pushed_group.c.scim_id == value
            case "name":
                return pushed_group.c.name_key == key_of(value)
            case "external_id":
                return pushed_group.c.external_id == value
            case "member":
                return pushed_group.c.scim_id.in_(
                    select(pushed_member.c.group_id).where(
                        pushed_member.c.tenant_id == self._tenant,
                        pushed_member.c.scim_id == value,
                    )
                )
            case _:
                raise AssertionError(f"groups have no {field}")

    async def _locked(self, conn: AsyncConnection, scim_id: str) -> Kept | None:
        rows = await conn.execute(
            select(*pushed_group.c)
            .where(self._ours(), pushed_group.c.scim_id == scim_id)
            .with_for_update()
        )
        row = rows.mappings().one_or_none()
        return None if row is None else (await self._filled(conn, [kept_from(row)]))[0]

    async def _filled(
        self, conn: AsyncConnection, groups: Sequence[Kept]
    ) -> list[Kept]:
        """Return the groups with their members."""
        rows = await conn.execute(
            select(pushed_member.c.group_id, pushed_member.c.scim_id)
            .where(
                pushed_member.c.tenant_id == self._tenant,
                pushed_member.c.group_id.in_([group.id for group in groups]),
            )
            .order_by(pushed_member.c.scim_id)
        )
        members: dict[str, list[str]] = {}
        for group_id, scim_id in rows:
            members.setdefault(group_id, []).append(scim_id)
        return [
            replace(group, members=tuple(members.get(group.id, ()))) for group in groups
        ]

    async def _check_unique(
        self, conn: AsyncConnection, push: GroupPush, *, but: str
    ) -> None:
        query = select(pushed_group.c.scim_id).where(
            self._ours(),
            pushed_group.c.scim_id != but,
            pushed_group.c.name_key == key_of(push.name),
        )
        if await conn.scalar(query.limit(1)):
            raise Taken(f"There is another group called {push.name!r}.")

    async def _set_members(
        self,
        conn: AsyncConnection,
        group: str,
        before: Sequence[str],
        after: Sequence[str],
    ) -> None:
        ours = pushed_member.c.tenant_id == self._tenant
        gone, new = set(before) - set(after), set(after) - set(before)
        if gone:
            await conn.execute(
                pushed_member.delete().where(
                    ours,
                    pushed_member.c.group_id == group,
                    pushed_member.c.scim_id.in_(gone),
                )
            )
        if new:
            known = await conn.scalars(
                select(pushed_person.c.scim_id).where(
                    pushed_person.c.tenant_id == self._tenant,
                    ~pushed_person.c.deleted,
                    pushed_person.c.scim_id.in_(new),
                )
            )
            if strangers := sorted(new - set(known)):
                raise NoSuchMember(strangers)
            await conn.execute(
                insert(pushed_member),
                [
                    {"tenant_id": self._tenant, "group_id": group, "scim_id": member}
                    for member in sorted(new)
                ],
            )

    async def _note(
        self,
        conn: AsyncConnection,
        scim_id: str,
        name: str,
        what: str,
        *,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
    ) -> None:
        added: list[JsonValue] = [*sorted(set(after) - set(before))]
        removed: list[JsonValue] = [*sorted(set(before) - set(after))]
        await record_audit(
            conn,
            self._tenant,
            who=WHO,
            what=what,
            subject=name,
            detail={"scim_id": scim_id, "added": added, "removed": removed},
        )
