"""NOTIFY: how one process tells the others that there is something to look at.

A notification may be lost and carries no truth: who hears one looks at the tables, and
everybody looks now and then without having heard any.
"""

import json
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.protocol.ids import ConversationId, TenantId, TurnId
from bot.store.direct import direct

MAIL_CHANNEL = "deskhand_mail"
"""Where `notify` says that a conversation is due; read it with `parse_notice`."""

LOG_CHANNEL = "deskhand_log"
"""Where `announce` says which turns have new events; read it with `parse_news`."""

_notify = direct("SELECT pg_notify(:channel, :notice)")

_IDS_PER_NOTICE = 100
# Postgres carries less than 8,000 bytes; an id takes 36 and its quotes.


async def notify(
    conn: AsyncConnection, tenant: TenantId, conversation_id: ConversationId
) -> None:
    """Wake whoever should look at the conversation, when the transaction commits.

    For what is rare: commits that notify queue for one lock. See `bot.store.notices`.
    """
    notice = notice_of(tenant, conversation_id)
    await _notify.all(conn, channel=MAIL_CHANNEL, notice=notice)


def notice_of(tenant: TenantId, conversation_id: ConversationId) -> str:
    """Return the payload on `MAIL_CHANNEL` that says that a conversation is due."""
    return json.dumps([tenant, conversation_id])


def parse_notice(payload: str) -> tuple[TenantId, ConversationId]:
    """Return which conversation a notification on `MAIL_CHANNEL` is about."""
    tenant, conversation_id = json.loads(payload)
    return TenantId(tenant), ConversationId(conversation_id)


async def announce(conn: AsyncConnection, turn_ids: Sequence[TurnId]) -> None:
    """Tell followers which turns have new events, when the transaction commits."""
    for start in range(0, len(turn_ids), _IDS_PER_NOTICE):
        news = json.dumps(turn_ids[start : start + _IDS_PER_NOTICE])
        await _notify.all(conn, channel=LOG_CHANNEL, notice=news)


def parse_news(payload: str) -> list[TurnId]:
    """Return which turns a notification on `LOG_CHANNEL` is about."""
    return [TurnId(turn_id) for turn_id in json.loads(payload)]
