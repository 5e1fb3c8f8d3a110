"""What Slack says the bot is doing in a thread: decoration, and never more than that.

An agent's session is ``processing`` while the turn runs, ``suspended`` while it waits
for a person, ``active`` when it is done. An app that is no agent falls back to an
assistant's status, and where that is refused too, nothing is said in that channel.
No failure is anybody's problem: the next mood, or the next look, says it again.

Slack shows its own Stop beside a session only where the app is an agent and subscribes
to that button's event. So this is also where one learns whether somebody can stop what
streams.

Source: https://docs.slack.dev/ai/agent-sessions
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeAlias

import structlog
from typing_extensions import override

from adapters.slack import limits, wording
from adapters.slack.lanes import status_lane
from adapters.slack.objects import as_object
from adapters.slack.web import WebApi
from bot.clock import Clock
from bot.errors import PlatformError, RateLimitedError
from bot.pacing.lanes import Lane
from bot.ports.presence import Doing, Presence
from bot.protocol.inbound import Address

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
NO_STOP = "missing_agent_session_stopped_event_subscription"
"""A warning beside a status that was taken."""
_NEXT: dict[Way, Way] = {"session": "assistant", "assistant": "off", "off": "off"}

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What Slack was told last of a thread."""

    status: Status | None
    """``None``: that failed, and nobody knows."""
    at: float
    """Monotonic seconds."""


def status_for(doing: Doing) -> Status:
    """Return what Slack calls it."""
    match doing:
        case "starting" | "working":
            return "processing"
        case "waiting":
            return "suspended"
        case "done":
            return "active"


def due_at(told: Told | None, status: Status, *, resend: float) -> float:
    """Return when Slack must be told: it is news, or what it knows runs out.

    Args:
        told: What it was told last; ``None``: nothing, which is ``active``.
        status: What is true now.
        resend: Seconds after which ``processing`` must be said again.
    """
    if told is None:
        return inf if status == "active" else -inf
    if told.status is None:
        return told.at + limits.STATUS_PAUSE
    if told.status != status:
        return -inf
    return told.at + resend if status == "processing" else inf


class Sessions(Presence):
    """The sessions of one workspace.

    Args:
        web: Returns the started Web API.
        clock: Says when a status runs out.
    """

    def __init__(self, web: Callable[[], WebApi], clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._told: OrderedDict[tuple[str, str], Told] = OrderedDict()
        self._ways: dict[str, Way] = {}
        """By channel, where it is not the best one."""
        self._has_stop: bool | None = None
        """Whether the app is told of Slack's Stop; ``None``: Slack was not asked yet."""

    @override
    def lanes(self, to: Address) -> tuple[Lane, ...]:
        return (status_lane(to.workspace),)

    @override
    def due_at(self, to: Address, doing: Doing, *, since: float) -> float:
        way = self._ways.get(to.channel, "session")
        if not to.thread or way == "off":
            return inf
        resend = limits.STATUS_RESEND if way == "session" else limits.ASSISTANT_RESEND
        told = self._told.get((to.channel, to.thread))
        return due_at(told, status_for(doing), resend=resend)

    def _is_due(self, to: Address, doing: Doing) -> bool:
        now = self._clock.monotonic()
        return self.due_at(to, doing, since=now) <= now

    def heard(self, to: Address, status: Status) -> None:
        """Take note of what Slack knows by another call: streams tell it too."""
        # As long as nobody knows whether there is a Stop, it is said again, to hear.
        self._remember(to, status, due=self._has_stop is None)

    def offers_stop(self, channel: str) -> bool:
        """Whether Slack shows its own Stop there, as far as one has heard."""
        return self._has_stop is not False and channel not in self._ways

    @override
    async def say(self, to: Address, doing: Doing) -> None:
        """Let Slack say what the bot does; nothing if it does already."""
        while self._is_due(to, doing):
            status = status_for(doing)
            try:
                await self._tell(to, status)
            except RateLimitedError:
                raise
            except PlatformError as error:
                if error.code not in _NOT_HERE:
                    _log.info("slack.status_not_shown", error=str(error))
                    self._remember(to, None)
                    return
                way = self._ways.get(to.channel, "session")
                self._ways[to.channel] = _NEXT[way]
            else:
                self._remember(to, status)

    async def _tell(self, to: Address, status: Status) -> None:
        if self._ways.get(to.channel, "session") == "session":
            told = await self._web().write(
                "agents.sessions.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=status,
            )
            self._note_stop(NO_STOP not in _warnings(told))
        else:
            await self._web().write(
                "assistant.threads.setStatus",
                channel_id=to.channel,
                thread_ts=to.thread,
                status=wording.STATUSES[status],
            )

    def _note_stop(self, has_stop: bool) -> None:  # noqa: FBT001 - it is what is noted
        if self._has_stop is not False and not has_stop:
            _log.warning(
                "slack.no_stop_button",
                hint="Nothing is streamed. Paste what `deskhand manifest slack` prints.",
            )
        self._has_stop = has_stop

    def _remember(
        self, to: Address, status: Status | None, *, due: bool = False
    ) -> None:
        place = (to.channel, to.thread)
        self._told.pop(place, None)
        if status == "active":
            return  # as if nothing had ever been said
        at = -inf if due else self._clock.monotonic()
        self._told[place] = Told(status=status, at=at)
        while len(self._told) > limits.SESSIONS_REMEMBERED:
            self._told.popitem(last=False)


def _warnings(told: Mapping[str, Any]) -> str:
    """Return what Slack warns of, in words of its own."""
    more = as_object(told.get("response_metadata")).get("warnings")
    return f"{told.get('warning')} {more}"
