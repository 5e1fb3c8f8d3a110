"""Slack's budgets as lanes.

Slack counts per method, per workspace, for the whole app; and posts per channel too.
A burst window (few operations in seconds) spreads what the minute window allows.
"""

from typing import assert_never

from adapters.slack import limits
from bot.pacing.lanes import Lane, Window
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation
from bot.protocol.inbound import Address


def lanes_for(operation: Operation, address: Address) -> tuple[Lane, ...]:
    """Return every budget that the operation draws one token from."""
    match operation:
        case "edit":
            return (_update_lane(address.workspace),)
        case "post":
            return (
                _post_lane(address.workspace),
                _channel_lane(address.workspace, address.channel),
            )
        case _:
            assert_never(operation)


def stream_lanes_for(operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
    """Return every budget that the stream's operation draws one token from.

    Whether Slack counts a start as a post too is not documented; we do.
    """
    match operation:
        case "open":
            return (_open_lane(to.workspace), *lanes_for("post", to))
        case "append":
            return (_append_lane(to.workspace),)
        case "close":
            return (_close_lane(to.workspace),)
        case _:
            assert_never(operation)


def status_lane(team: str) -> Lane:
    """Return the budget of saying what the bot does."""
    return Lane(
        key=f"slack/{team}/agents.sessions.setStatus",
        windows=(Window(limits.STATUS_PER_MINUTE, 60.0),),
    )


def _update_lane(team: str) -> Lane:
    return Lane(
        key=f"slack/{team}/chat.update",
        shared=True,
        windows=(
            Window(limits.UPDATE_PER_MINUTE, 60.0),
            Window(limits.UPDATE_BURST, limits.UPDATE_BURST_SECONDS),
        ),
        reserve=limits.UPDATE_RESERVE,
    )


def _post_lane(team: str) -> Lane:
    return Lane(
        key=f"slack/{team}/chat.postMessage",
        shared=True,
        windows=(Window(limits.POST_PER_MINUTE, 60.0),),
        reserve=limits.POST_RESERVE,
    )


def _channel_lane(team: str, channel: str) -> Lane:
    return Lane(
        key=f"slack/{team}/{channel}/post",
        shared=True,
        windows=(
            Window(
                limits.POST_BURST,
                limits.POST_BURST / limits.POST_PER_CHANNEL_PER_SECOND,
            ),
        ),
    )


def _open_lane(team: str) -> Lane:
    return Lane(
        key=f"slack/{team}/chat.startStream",
        shared=True,
        windows=(
            Window(limits.STREAM_OPENS_PER_MINUTE, 60.0),
            Window(limits.STREAM_OPEN_BURST, limits.STREAM_OPEN_SECONDS),
        ),
    )


def _append_lane(team: str) -> Lane:
    return Lane(
        key=f"slack/{team}/chat.appendStream",
        shared=True,
        windows=(
            Window(limits.STREAM_APPENDS_PER_MINUTE, 60.0),
            Window(limits.STREAM_APPEND_BURST, limits.STREAM_APPEND_SECONDS),
        ),
    )


def _close_lane(team: str) -> Lane:
    return Lane(
        key=f"slack/{team}/chat.stopStream",
        shared=True,
        windows=(
            Window(limits.STREAM_CLOSES_PER_MINUTE, 60.0),
            Window(limits.STREAM_CLOSE_BURST, limits.STREAM_CLOSE_SECONDS),
        ),
        reserve=limits.STREAM_CLOSE_RESERVE,
    )
