"""What replicas have used of the platforms' budgets: `bot.pacing.shares`, as rows.

A row holds one lane's account. Whoever changes it has locked it, always in the order
of the lanes' names. What is lost when Postgres crashes is the last moment's use, so
nobody waits for the disk.
"""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.pacing.shares import LaneAccount
from bot.protocol.ids import TenantId
from bot.store.direct import direct

_lock = direct(
    """
    INSERT INTO lane_budget AS b (tenant_id, lane, account)
    SELECT :tenant_id, wanted.lane, CAST(:fresh AS json)
    FROM unnest(CAST(:lanes AS text[])) AS wanted (lane)
    ORDER BY wanted.lane
    ON CONFLICT (tenant_id, lane) DO UPDATE SET lane = b.lane
    RETURNING lane, CAST(account AS text) AS account
    """
)
_save = direct(
    """
    UPDATE lane_budget AS b
    SET account = changed.account
    FROM unnest(
        CAST(:lanes AS text[]), CAST(CAST(:accounts AS text[]) AS json[])
    ) AS changed (lane, account)
    WHERE b.tenant_id = :tenant_id AND b.lane = changed.lane
    """
)
_do_not_wait = direct("SELECT set_config('synchronous_commit', 'off', true)")


async def lock_budgets(
    conn: AsyncConnection, tenant: TenantId, lanes: Sequence[str]
) -> dict[str, LaneAccount]:
    """Return the lanes' accounts, and keep them until the transaction ends.

    A lane that nobody has used yet has an empty one.
    """
    await _do_not_wait.all(conn)
    fresh = json.dumps(LaneAccount().as_json())
    rows = await _lock.all(
        conn, tenant_id=tenant, lanes=sorted(set(lanes)), fresh=fresh
    )
    return {
        row["lane"]: LaneAccount.from_json(json.loads(row["account"])) for row in rows
    }


async def save_budgets(
    conn: AsyncConnection, tenant: TenantId, accounts: Mapping[str, LaneAccount]
) -> None:
    """Write accounts that `lock_budgets` returned in this transaction."""
    await _save.all(
        conn,
        tenant_id=tenant,
        lanes=list(accounts),
        accounts=[json.dumps(account.as_json()) for account in accounts.values()],
    )
