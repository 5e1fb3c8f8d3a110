"""Who is speaking: the first thing that every delivery asks, in one statement."""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.company.model import Person
from bot.protocol.ids import TenantId
from bot.protocol.inbound import UserRef
from bot.store.direct import direct
from bot.store.people import PERSON, person_from

_recognise = {
    platform: direct(
        f"""
        SELECT i.tenant_id AS home, {", ".join(f"p.{c.name}" for c in PERSON)}
        FROM installation AS i LEFT JOIN person AS p
          ON p.tenant_id = i.tenant_id AND p.{column} = :user_id
         AND :user_id <> '' AND p.active
        WHERE i.platform = :platform AND i.workspace = :workspace
        """  # noqa: S608 - names of our schema
    )
    for platform, column in (("slack", "slack"), ("teams", "entra"))
}


async def recognise(
    conn: AsyncConnection, user: UserRef
) -> tuple[TenantId | None, Person | None]:
    """Return whose workspace it is, and the active person known there by this id."""
    row = await _recognise[user.platform].one(
        conn, platform=user.platform, workspace=user.workspace, user_id=user.user_id
    )
    if row is None:
        return None, None
    known = row["person_id"] is not None
    return row["home"], person_from(row) if known else None
