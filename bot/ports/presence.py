"""What a platform says the bot is doing, beside its messages: decoration.

Slack knows an agent's session, Teams that somebody is typing. Nobody may miss anything
who does not see it, so nothing waits for it, and no failure is anybody's problem.
"""

from typing import Literal, Protocol, TypeAlias

from bot.pacing.lanes import Lane
from bot.protocol.inbound import Address

Doing: TypeAlias = Literal["starting", "working", "waiting", "done"]
"""``starting``: at work, and nothing of it is to be seen yet; ``waiting``: for a
person."""


class Presence(Protocol):
    """Implemented beside `bot.ports.surface.Platform`."""

    def lanes(self, to: Address) -> tuple[Lane, ...]:
        """Return every budget that `say` draws one token from."""
        ...

    def due_at(self, to: Address, doing: Doing, *, since: float) -> float:
        """Return when (monotonic seconds) ``doing`` is to be said there.

        Now or before: at once. Infinity: not as things are; the platform knows.

        Args:
            to: Where.
            doing: What the bot does there.
            since: Since when it does that (monotonic).
        """
        ...

    async def say(self, to: Address, doing: Doing) -> None:
        """Let the platform show what the bot does; that it cannot is no error.

        Raises:
            RateLimitedError: Not now; again after ``error.retry_after`` seconds.
        """
        ...
