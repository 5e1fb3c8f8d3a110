"""Statements about what replicas have used. As in `bot/store/budgets.py`."""

from collections.abc import Mapping, Sequence

from bot.pacing.shares import LaneAccount
from bot.protocol.ids import TenantId
from tests.simulation.database import Session


async def lock_budgets(
    s: Session, tenant: TenantId, lanes: Sequence[str]
) -> dict[str, LaneAccount]:
    """Return the lanes' accounts, and keep them until the transaction ends."""
    table = s.tables.lane_budget
    return {
        lane: await s.lock(table, (tenant, lane)) or LaneAccount()
        for lane in sorted(set(lanes))
    }


async def save_budgets(
    s: Session, tenant: TenantId, accounts: Mapping[str, LaneAccount]
) -> None:
    """Write accounts that `lock_budgets` returned in this transaction."""
    for lane, account in accounts.items():
        s.put(s.tables.lane_budget, (tenant, lane), account)
