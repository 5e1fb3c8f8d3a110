"""Marks on our messages, and how a message is found again by its mark.

A post carries its surface's id as metadata. Marks are ids only: every app in the
workspace can read them, and copy them, so a marked message must also be our own.

A stream cannot carry one before it is closed. What is found of an open stream whose
owner died before it wrote down the receipt is therefore: a message of ours, in that
very thread, younger than the intent, without any mark, and not known to be another's. A stream
whose end could not mark it (a person stopped it, it was too old) is marked by its
next edit. If there are several, none is taken: a second message is better than
another turn's message overwritten. Whose the one is, the engine knows
(`bot.engine.doubt`).
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from adapters.slack import limits
from adapters.slack.objects import as_object
from adapters.slack.parse import Identity
from adapters.slack.web import WebApi
from bot.errors import PlatformError
from bot.ports.surface import OpenStream, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address

EVENT_TYPE = "deskhand_surface"
"""Metadata type of our posts: letters, digits and ``_`` only, or Slack drops it.

Source: https://github.com/slackapi/bolt-python/issues/863
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def mark_of(surface: SurfaceId) -> dict[str, Any]:
    """Return the metadata of a message that shows ``surface``."""
    return {"event_type": EVENT_TYPE, "event_payload": {"surface": surface}}


async def find(
    web: WebApi,
    me: Identity | None,
    to: Address,
    *,
    surface: SurfaceId,
    since: datetime,
    whose: Callable[[str, str], SurfaceId | None],
) -> Receipt | None:
    """Return the message at ``to`` that shows ``surface``, if history shows it.

    Args:
        web: To ask.
        me: Who the bot is.
        to: Where it was to be.
        surface: What it was to show.
        since: When the intent to post it was written down.
        whose: Which surface a message (channel, ts) is known to show, marked or not.
    """
    unmarked: list[str] = []
    async for message in _messages(web, to, since):
        if not _is_ours(message, me):
            continue
        ts = str(message["ts"])
        if mark := as_object(message.get("metadata")):
            if _names(mark, surface):
                return Receipt(message_id=ts, address=to)
        elif _is_orphan(message, to, since):
            known = whose(to.channel, ts)
            if known == surface:
                return _streaming(ts, to)
            unmarked += [ts] if known is None else []
    if len(unmarked) == 1:
        _log.warning("slack.stream_adopted", channel=to.channel, surface=surface)
        return _streaming(unmarked[0], to)
    return None


async def _messages(
    web: WebApi, to: Address, since: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the messages at ``to`` from a little before ``since`` on."""
    oldest = (since - timedelta(seconds=limits.HISTORY_SLACK)).timestamp()
    cursor = ""
    for _ in range(limits.HISTORY_PAGES):
        told = await _page(web, to, oldest=oldest, cursor=cursor)
        for message in told.get("messages") or ():
            yield message
        cursor = str(as_object(told.get("response_metadata")).get("next_cursor") or "")
        if not cursor:
            return
    _log.warning("slack.history_too_long", channel=to.channel)


async def _page(
    web: WebApi, to: Address, *, oldest: float, cursor: str
) -> Mapping[str, Any]:
    """Return one page of the messages at ``to``; none if the thread is gone."""
    try:
        return await web.read(
            "conversations.replies" if to.thread else "conversations.history",
            channel=to.channel,
            ts=to.thread or None,
            oldest=f"{oldest:.6f}",
            inclusive=True,
            limit=limits.HISTORY_PAGE,
            include_all_metadata=True,
            cursor=cursor or None,
        )
    except PlatformError as error:
        if error.code != "thread_not_found":
            raise
        return {}


def _is_ours(message: Mapping[str, Any], me: Identity | None) -> bool:
    authors = {message.get("user"), message.get("bot_id")} - {None, ""}
    return me is None or not authors or bool(authors & {me.user_id, me.bot_id})


def _names(mark: Mapping[str, Any], surface: SurfaceId) -> bool:
    if mark.get("event_type") != EVENT_TYPE:
        return False
    return as_object(mark.get("event_payload")).get("surface") == surface


def _is_orphan(message: Mapping[str, Any], to: Address, since: datetime) -> bool:
    """Return whether it may be a stream begun after ``since``; posts are marked."""
    if not to.thread or not (message.get("user") or message.get("bot_id")):
        return False
    born = datetime.fromtimestamp(float(message["ts"]), UTC)
    return born >= since - timedelta(seconds=limits.STREAM_SKEW)


def _streaming(ts: str, to: Address) -> Receipt:
    """Return the receipt of a message that may still stream."""
    born = datetime.fromtimestamp(float(ts), UTC)
    until = born + timedelta(seconds=limits.STREAM_LIFE)
    return Receipt(message_id=ts, address=to, stream=OpenStream(until=until))
