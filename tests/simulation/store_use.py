"""Statements about what turns have used of models. As in `bot/store/model_use.py`."""

from collections.abc import Mapping
from datetime import datetime

from bot.ports.rows import Claim
from bot.protocol.ids import PersonId, TenantId, TurnId
from bot.protocol.values import Usage
from bot.turn.spending import together
from tests.simulation.database import Session
from tests.simulation.store_conversations import hold
from tests.simulation.tables import UseRecord


async def lock_use(s: Session, tenant: TenantId) -> None:
    """Let no other transaction pass here before this one ends."""
    await s.lock(s.tables.model_use, (tenant, TurnId("")))


async def save_use(
    s: Session,
    claim: Claim,
    turn_id: TurnId,
    used: Mapping[str, Usage],
    *,
    requester: PersonId,
    started_at: datetime,
) -> None:
    """Write what a turn has used so far, by model."""
    await hold(s, claim)
    row = UseRecord(requester=requester, started_at=started_at, used=dict(used))
    s.put(s.tables.model_use, (claim.tenant_id, turn_id), row)


async def used_since(
    s: Session,
    tenant: TenantId,
    since: datetime,
    *,
    besides: TurnId,
    requester: PersonId | None = None,
) -> dict[str, Usage]:
    """Return what turns that began ``since`` then have used, by model."""
    rows = s.rows(s.tables.model_use, tenant).items()
    found = [
        row.used
        for (_, turn_id), row in rows
        if row.started_at >= since
        and turn_id != besides
        and requester in {None, row.requester}
    ]
    return dict(together(*found))
