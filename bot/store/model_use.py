"""What turns have used of language models, one row for each turn and model.

A row is written again whenever its turn rests or ends, with all that it has used since
its beginning: writing it twice counts nothing twice.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import Claim
from bot.protocol.ids import PersonId, TenantId, TurnId
from bot.protocol.values import Usage
from bot.store.conversations import hold_conversation
from bot.store.direct import direct

_lock = direct(
    "SELECT pg_advisory_xact_lock(hashtextextended('model_use ' || CAST(:tenant_id AS text), 0))"
)
_save = direct(
    """
    WITH gone AS (
        DELETE FROM model_use
        WHERE tenant_id = :tenant_id AND turn_id = :turn_id
          AND model <> ALL (CAST(:models AS text[]))
    )
    INSERT INTO model_use AS u (
        tenant_id, turn_id, model, requester_id, started_at,
        input_tokens, output_tokens, cache_read_tokens
    )
    SELECT
        :tenant_id, :turn_id, used.model, :requester_id, :started_at,
        used.input_tokens, used.output_tokens, used.cache_read_tokens
    FROM unnest(
        CAST(:models AS text[]), CAST(:inputs AS bigint[]),
        CAST(:outputs AS bigint[]), CAST(:cached AS bigint[])
    ) AS used (model, input_tokens, output_tokens, cache_read_tokens)
    ON CONFLICT (tenant_id, turn_id, model) DO UPDATE SET
        input_tokens = excluded.input_tokens,
        output_tokens = excluded.output_tokens,
        cache_read_tokens = excluded.cache_read_tokens
    """
)
_since = direct(
    """
    SELECT
        model,
        CAST(sum(input_tokens) AS bigint) AS input_tokens,
        CAST(sum(output_tokens) AS bigint) AS output_tokens,
        CAST(sum(cache_read_tokens) AS bigint) AS cache_read_tokens
    FROM model_use
    WHERE tenant_id = :tenant_id AND started_at >= :since AND turn_id <> :besides
    GROUP BY model
    """
)
_since_by = direct(
    """
    SELECT
        model,
        CAST(sum(input_tokens) AS bigint) AS input_tokens,
        CAST(sum(output_tokens) AS bigint) AS output_tokens,
        CAST(sum(cache_read_tokens) AS bigint) AS cache_read_tokens
    FROM model_use
    WHERE tenant_id = :tenant_id AND started_at >= :since AND turn_id <> :besides
      AND requester_id = :requester_id
    GROUP BY model
    """
)


async def lock_use(conn: AsyncConnection, tenant: TenantId) -> None:
    """Let no other transaction pass here before this one ends."""
    await _lock.all(conn, tenant_id=tenant)


async def save_use(
    conn: AsyncConnection,
    claim: Claim,
    turn_id: TurnId,
    used: Mapping[str, Usage],
    *,
    requester: PersonId,
    started_at: datetime,
) -> None:
    """Write what a turn has used so far, by model, in place of what was written.

    Raises:
        LeaseLostError: The claim is not valid any more; nothing was written.
    """
    await hold_conversation(conn, claim)
    await _save.all(
        conn,
        tenant_id=claim.tenant_id,
        turn_id=turn_id,
        requester_id=requester,
        started_at=started_at,
        models=list(used),
        inputs=[usage.input_tokens for usage in used.values()],
        outputs=[usage.output_tokens for usage in used.values()],
        cached=[usage.cache_read_tokens for usage in used.values()],
    )


async def used_since(
    conn: AsyncConnection,
    tenant: TenantId,
    since: datetime,
    *,
    besides: TurnId,
    requester: PersonId | None = None,
) -> dict[str, Usage]:
    """Return what turns that began ``since`` then have used, by model.

    Args:
        conn: The caller's connection.
        tenant: Whose turns.
        since: From when on.
        besides: A turn that is left out.
        requester: Whose turns; ``None``: everybody's.
    """
    asked = {"tenant_id": tenant, "since": since, "besides": besides}
    rows = (
        await _since.all(conn, **asked)
        if requester is None
        else await _since_by.all(conn, **asked, requester_id=requester)
    )
    return {
        row["model"]: Usage(
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cache_read_tokens=row["cache_read_tokens"],
        )
        for row in rows
    }
