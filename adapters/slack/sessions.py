"""What Slack says the bot is doing in a thread: decoration, and never more than that.

An agent's session is ``processing`` while the turn runs, ``suspended`` while it waits
for a person, ``active`` when it is done. An app that is no agent falls back to an
assistant's status, and where that is refused too, nothing is said in that channel.
No failure is anybody's problem: the next mood, or the next look, says it again.

Source: https://docs.slack.dev/ai/agent-sessions
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import structlog

from adapters.slack import limits, wording
from adapters.slack.lanes import status_lane
from adapters.slack.web import WebApi
from bot.clock import Clock
from bot.errors import PlatformError, RateLimitedError
from bot.pacing.lanes import Lane
from bot.protocol.inbound import Address
from bot.view.nodes import Mood

Status: TypeAlias = Literal["processing", "suspended", "active"]
Way: TypeAlias = Literal["session", "assistant", "off"]

_NOT_HERE = frozenset(
    {
        "feature_disabled",
        "invalid_thread_ts",
        "method_not_supported_for_channel_type",
        "missing_scope",
        "not_authorized",
        "thread_ts_not_allowed",
        "unknown_method",
    }
)
"""Codes after which this way of saying it is not tried again in the channel."""
_NEXT: dict[Way, Way] = {"session": "assistant", "assistant": "off", "off": "off"}

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Slack was told last of a thread."""

    status: Status
    at: float
    """Monotonic seconds."""


def status_for(mood: Mood) -> Status:
    """Return what the bot does while a turn looks like ``mood``."""
    match mood:
        case "running":
            return "processing"
        case "waiting":
            return "suspended"
        case "done" | "unsure" | "failed" | "cancelled":
            return "active"


def is_due(told: Told | None, status: Status, now: float, *, resend: float) -> bool:
    """Return whether Slack must be told: it is news, or what it knows runs out.

    Args:
        told: What it was told last; ``None``: nothing, which is ``active``.
        status: What is true now.
        now: Monotonic seconds.
        resend: Seconds after which ``processing`` must be said again.
    """
    if told is None:
        return status != "active"
    if told.status != status:
        return True
    return status == "processing" and now - told.at >= resend


class Sessions:
    """The sessions of one workspace.

    Args:
        web: Returns the started Web API.
        clock: Says when a status runs out.
    """

    def __init__(self, web: Callable[[], WebApi], clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._told: dict[tuple[str, str], Told] = {}
        self._ways: dict[str, Way] = {}
        """By channel, where it is not the best one."""
        self._rests_until = 0.0

    def lanes(self, to: Address) -> tuple[Lane, ...]:
        """Return the budget that `show` draws one token from, at most."""
        return (status_lane(to.workspace),)

    def is_due(self, to: Address, mood: Mood) -> bool:
        """Return whether `show` would call Slack. Pure but for the clock."""
        now, way = self._clock.monotonic(), self._ways.get(to.channel, "session")
        if not to.thread or way == "off" or now < self._rests_until:
            return False
        resend = limits.STATUS_RESEND if way == "session" else limits.ASSISTANT_RESEND
        told = self._told.get((to.channel, to.thread))
        return is_due(told, status_for(mood), now, resend=resend)

    def heard(self, to: Address, status: Status) -> None:
        """Take note of what Slack knows by another call: streams tell it too."""
        self._remember(to, status)

    async def show(self, to: Address, mood: Mood) -> None:
        """Let Slack say what the bot does; nothing if it does already. Never raises."""
        while self.is_due(to, mood):
            status = status_for(mood)
            try:
                await self._tell(to, status)
            except RateLimitedError as error:
                self._rests_until = self._clock.monotonic() + error.retry_after
                return
            except PlatformError as error:
                if error.code not in _NOT_HERE:
                    _log.info("slack.status_not_shown", error=str(error))
                    return
                way = self._ways.get(to.channel, "session")
                self._ways[to.channel] = _NEXT[way]
            else:
                self._remember(to, status)

    async def _tell(self, to: Address, status: Status) -> None:
        if self._ways.get(to.channel, "session") == "session":
            await self._web().write(
                "agents.sessions.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=status,
            )
        else:
            await self._web().write(
                "assistant.threads.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=wording.STATUSES[status],
            )

    def _remember(self, to: Address, status: Status) -> None:
        place = (to.channel, to.thread)
        if status == "active":
            self._told.pop(place, None)  # as if nothing had ever been said
        else:
            self._told[place] = Told(status=status, at=self._clock.monotonic())
