"""Endings of grants on Postgres: claimed, written down, and told to who had them.

With `bot.store.records` and `bot.store.provisioning` the places in the store that open
their own transactions.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from pydantic import JsonValue
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.ports.endings import LATE, Ending, Endings, How
from bot.ports.systems import Membership
from bot.protocol.ids import PersonId, TenantId
from bot.store import people
from bot.store.audit import record_audit
from bot.store.direct import Row, direct, direct_from_file
from bot.store.engine import begin, connect
from bot.store.mailbox import deliver
from bot.store.reservations import SETTLED_AFTER
from bot.store.schema_records import access_grant
from bot.store.texts import storable
from bot.store.wake import notify

_claim = direct_from_file("claim_endings")
_end = direct_from_file("end_grant")
_asked_in = direct(
    """
    SELECT t.conversation_id, CAST(e.body->'address' AS text) AS address
    FROM turn AS t
    JOIN turn_event AS e
        ON e.tenant_id = t.tenant_id AND e.turn_id = t.turn_id AND e.seq = 1
    WHERE t.tenant_id = :tenant_id AND t.turn_id = :turn_id
    """
)


class StoredEndings(Endings):
    """One tenant's.

    Args:
        engine: The database.
        tenant: Whose grants.
    """

    def __init__(self, engine: AsyncEngine, tenant: TenantId) -> None:
        self._engine = engine
        self._tenant = tenant

    @override
    async def claim(self, lease: timedelta, most: int) -> Sequence[Ending]:
        async with begin(self._engine) as conn:
            rows = await _claim.all(
                conn,
                tenant_id=self._tenant,
                lease=lease,
                most=most,
                settled_after=SETTLED_AFTER,
            )
        return [_ending(row) for row in rows]

    @override
    async def end(self, ending: Ending, how: How, *, told: str = "") -> bool:
        async with begin(self._engine) as conn:
            row = await _end.one(
                conn,
                tenant_id=self._tenant,
                reference=ending.reference,
                fence=ending.fence,
                taken=how == "over",
            )
            if row is None or not row["ended"]:
                return False
            await self._audit(conn, ending, f"grant.{how}")
            if told and row["turn_id"]:
                await self._tell(conn, ending, row["turn_id"], told)
        return True

    @override
    async def adopt(self, ending: Ending) -> None:
        async with begin(self._engine) as conn:
            found = await conn.execute(
                update(access_grant)
                .where(*self._claimed(ending))
                .values(given=True, ending_at=None, ending_tries=0, ending_why="")
                .returning(access_grant.c.reference)
            )
            if found.one_or_none():
                await self._audit(conn, ending, "grant.found")

    @override
    async def put_off(self, ending: Ending, pause: timedelta, why: str) -> None:
        await self._pause(ending, pause, why, ending.tries)

    @override
    async def wait(self, ending: Ending, pause: timedelta, why: str) -> None:
        await self._pause(ending, pause, why, ending.tries - 1)

    async def _pause(
        self, ending: Ending, pause: timedelta, why: str, tries: int
    ) -> None:
        later = func.statement_timestamp() + pause
        async with begin(self._engine) as conn:
            await conn.execute(
                update(access_grant)
                .where(*self._claimed(ending))
                .values(ending_at=later, ending_why=storable(why), ending_tries=tries)
            )

    @override
    async def overdue(self) -> int:
        async with connect(self._engine) as conn:
            counted = await conn.scalar(
                select(func.count()).where(
                    access_grant.c.tenant_id == self._tenant,
                    access_grant.c.ended_at.is_(None),
                    access_grant.c.ends_at < func.statement_timestamp() - LATE,
                )
            )
        return counted or 0

    def _claimed(self, ending: Ending) -> Sequence[ColumnElement[bool]]:
        return [
            access_grant.c.tenant_id == self._tenant,
            access_grant.c.reference == ending.reference,
            access_grant.c.ending_fence == ending.fence,
            access_grant.c.ended_at.is_(None),
        ]

    async def _audit(self, conn: AsyncConnection, ending: Ending, what: str) -> None:
        detail: dict[str, JsonValue] = {
            "reference": ending.reference,
            "person": ending.person_id,
            "grant": ending.grant,
            "tries": ending.tries,
        }
        if ending.where:
            detail |= {"system": ending.where.system, "target": ending.where.target}
        await record_audit(
            conn,
            self._tenant,
            who="deskhand",
            what=what,
            subject=ending.resource_id,
            detail=detail,
        )

    async def _tell(
        self, conn: AsyncConnection, ending: Ending, turn_id: str, told: str
    ) -> None:
        """Put it into the conversation in which the grant was asked for."""
        asked = await _asked_in.one(conn, tenant_id=self._tenant, turn_id=turn_id)
        if asked is None:
            return
        known = await people.find_person(conn, self._tenant, ending.person_id)
        letter = {  # `bot.engine.letters` reads it
            "kind": "told",
            "person_id": ending.person_id,
            "person_name": known.name if known else "",
            "said_key": f"ended:{ending.reference}",
            "text": told,
            "address": json.loads(asked["address"]),
        }
        where = asked["conversation_id"]
        await deliver(conn, self._tenant, where, None, "told", json.dumps(letter))
        await notify(conn, self._tenant, where)


def _ending(row: Row) -> Ending:
    where = Membership(
        system=row["system"], target=row["target"], account=row["account"]
    )
    return Ending(
        reference=row["reference"],
        fence=row["ending_fence"],
        person_id=PersonId(row["person_id"]),
        resource_id=row["resource_id"],
        grant=row["grant_name"],
        where=where if where.system else None,
        given=row["given"],
        kept=row["kept"],
        awaited=row["awaited"],
        due_at=row["due_at"],
        late=row["late"],
        tries=row["ending_tries"],
    )
