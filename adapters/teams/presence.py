"""Say that the bot is typing, while nothing of a turn is to be seen yet.

Afterwards its message says more. Clients stop showing it a few seconds after it was
said, and it counts like any message, so it is not said while there is nothing to wait
for.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

from collections import OrderedDict
from collections.abc import Callable
from math import inf

import structlog
from typing_extensions import override

from adapters.teams import limits
from adapters.teams.connector import Connector
from adapters.teams.failures import refusal
from adapters.teams.lanes import lanes_of
from bot.clock import Clock
from bot.errors import PlatformError, RateLimitedError
from bot.pacing.lanes import Lane
from bot.ports.presence import Doing, Presence
from bot.protocol.inbound import Address

_log = structlog.stdlib.get_logger()


class Typing(Presence):
    """The conversations of one tenant.

    Args:
        connector: Returns the started connector.
        clock: Says when it must be said again.
    """

    def __init__(self, connector: Callable[[], Connector], clock: Clock) -> None:
        self._connector = connector
        self._clock = clock
        self._said_at: OrderedDict[str, float] = OrderedDict()

    @override
    def lanes(self, to: Address) -> tuple[Lane, ...]:
        return lanes_of(to)

    @override
    def due_at(self, to: Address, doing: Doing, *, since: float) -> float:
        if doing != "starting":
            return inf
        said_at = self._said_at.get(to.channel, -inf)
        return max(since + limits.TYPING_AFTER, said_at + limits.TYPING_EVERY)

    @override
    async def say(self, to: Address, doing: Doing) -> None:
        self._said_at.pop(to.channel, None)
        self._said_at[to.channel] = self._clock.monotonic()
        while len(self._said_at) > limits.CONVERSATIONS_REMEMBERED:
            self._said_at.popitem(last=False)
        try:
            answer = await self._connector().post_activity(
                to.service_url, to.channel, {"type": "typing"}
            )
            if not answer.ok:
                raise refusal(answer)
        except RateLimitedError:
            raise
        except PlatformError as error:
            _log.info("teams.typing_not_shown", error=str(error))
