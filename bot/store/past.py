"""What was said in a conversation, for the turns to come.

What others said in the same thread is among it, with their names: a turn notes it
apart, because a model takes what a user says for the requester's own wishes. Who is
not known here is left out.
"""

from pydantic import AwareDatetime, BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ports.rows import SoFar
from bot.protocol.ids import ConversationId, TenantId
from bot.protocol.values import Ledger, PastTurn, Summary
from bot.store.direct import Row, direct_from_file

_newest_summary = direct_from_file("newest_summary")
_past_turns = direct_from_file("past_turns")


class _Told(BaseModel):
    """Of an event that may have it, the summary."""

    summary: Summary | None = None


class _Ended(BaseModel):
    """Of an event that may have it, the ledger."""

    ledger: Ledger | None = None


async def so_far(
    conn: AsyncConnection,
    tenant: TenantId,
    conversation_id: ConversationId,
    newest: int,
) -> SoFar:
    """Return what was said in a conversation, of its ``newest`` turns."""
    where = {"tenant_id": tenant, "conversation_id": conversation_id}
    told = await _newest_summary.all(conn, **where, newest=newest)
    made = (summary for row in told if (summary := _summary(row["body"])))
    summary = next(made, None)
    after: AwareDatetime | None = summary.until if summary else None
    rows = await _past_turns.all(conn, **where, newest=newest, after=after)
    return SoFar(turns=[_past(row) for row in rows], summary=summary)


def _past(row: Row) -> PastTurn:
    return PastTurn(
        asked=row["text"],
        answered=row["answer"],
        turn_id=row["turn_id"],
        person_id=row["requester_id"],
        name=row["requester_name"],
        at=row["started_at"],
        ended_at=row["ended_at"],
        status=row["status"],
        ledger=_ledger(row["ending"]) if row["ending"] else None,
    )


def _summary(body: str) -> Summary | None:
    try:
        return _Told.model_validate_json(body, extra="ignore").summary
    except ValidationError:  # damaged: the turns are told without it
        return None


def _ledger(body: str) -> Ledger | None:
    try:
        return _Ended.model_validate_json(body, extra="ignore").ledger
    except ValidationError:
        return None
