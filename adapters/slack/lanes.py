"""Slack's budgets as lanes.

Slack counts per method, per workspace, for the whole app; and posts per channel too.
How a minute's calls are spread over it is the pacer's to decide.
"""

from functools import lru_cache
from typing import assert_never

from adapters.slack import limits
from bot.pacing.lanes import Lane, Window
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation
from bot.protocol.inbound import Address

_REMEMBERED = 4_096
"""Lanes kept: who compares one with itself need not look into it."""


def lanes_for(operation: Operation | StreamOperation, to: Address) -> tuple[Lane, ...]:
    """Return every budget that the operation draws one token from.

    Whether Slack counts a stream's start as a post too is not documented; we do.
    """
    match operation:
        case "edit":
            return (_update_lane(to.workspace),)
        case "post":
            return (
                _post_lane(to.workspace),
                _channel_lane(to.workspace, to.channel),
            )
        case "open":
            return (_open_lane(to.workspace), *lanes_for("post", to))
        case "append":
            return (_append_lane(to.workspace),)
        case "close":
            return (_close_lane(to.workspace),)
        case _:
            assert_never(operation)


@lru_cache(_REMEMBERED)
def status_lane(team: str) -> Lane:
    """Return the budget of saying what the bot does."""
    return _lane(team, "agents.sessions.setStatus", limits.STATUS_PER_MINUTE)


@lru_cache(_REMEMBERED)
def _update_lane(team: str) -> Lane:
    return _spending(team, "chat.update", limits.UPDATE_PER_MINUTE, limits.UPDATE_KEPT)


@lru_cache(_REMEMBERED)
def _post_lane(team: str) -> Lane:
    return _spending(team, "chat.postMessage", limits.POST_PER_MINUTE, limits.POST_KEPT)


@lru_cache(_REMEMBERED)
def _channel_lane(team: str, channel: str) -> Lane:
    seconds = limits.POST_BURST / limits.POST_PER_CHANNEL_PER_SECOND
    return Lane(
        key=f"slack/{team}/{channel}/post",
        shared=True,
        windows=(Window(limits.POST_BURST, seconds),),
    )


@lru_cache(_REMEMBERED)
def _open_lane(team: str) -> Lane:
    return _spending(team, "chat.startStream", limits.STREAM_OPENS_PER_MINUTE)


@lru_cache(_REMEMBERED)
def _append_lane(team: str) -> Lane:
    return _spending(team, "chat.appendStream", limits.STREAM_APPENDS_PER_MINUTE)


@lru_cache(_REMEMBERED)
def _close_lane(team: str) -> Lane:
    return _spending(
        team,
        "chat.stopStream",
        limits.STREAM_CLOSES_PER_MINUTE,
        limits.STREAM_CLOSES_KEPT,
    )


def _spending(team: str, method: str, per_minute: int, kept: int = 0) -> Lane:
    """Return a lane whose calls use up the workspace's quota of messages."""
    return _lane(team, method, per_minute, kept, quota=f"slack/{team}")


def _lane(
    team: str, method: str, per_minute: int, kept: int = 0, *, quota: str = ""
) -> Lane:
    return Lane(
        key=f"slack/{team}/{method}",
        quota=quota,
        shared=True,
        windows=(Window(per_minute, limits.MINUTE),),
        reserve=kept / per_minute,
    )
