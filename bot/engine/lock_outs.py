"""Since when platforms refuse our credentials, for each message that waits for them.

They are an installation's: once it takes anything again, it is open to all that waits.
What is remembered outlives the message's exhibit: a conversation is let go long before
we give up, and then claimed again. It ends when credentials are accepted, when the
message is given up, or when nothing was refused for so long that nobody knows any more.
"""

from dataclasses import dataclass
from typing import TypeAlias

from bot.engine.exhibit import Exhibit
from bot.protocol.ids import PlatformName, SurfaceId

LAPSE = 3600.0
"""Seconds without a refusal after which the next one is another lock-out. Longer than
a replica of many may have to wait until it claims the same conversation again."""

_Installation: TypeAlias = tuple[PlatformName, str]


@dataclass(slots=True)
class _Refused:
    since: float
    last: float


class LockOuts:
    """Which messages wait for credentials, in which workspaces."""

    def __init__(self) -> None:
        self._waiting: dict[_Installation, dict[SurfaceId, _Refused]] = {}

    def __len__(self) -> int:
        """How many messages are remembered."""
        return sum(map(len, self._waiting.values()))

    def refused(self, exhibit: Exhibit, now: float) -> float:
        """Take note of a refusal.

        Args:
            exhibit: What was to be shown.
            now: Monotonic seconds.

        Returns:
            Since when it has been refused: monotonic seconds.
        """
        self._forget_until(now - LAPSE)
        waiting = self._waiting.setdefault(_of(exhibit), {})
        refused = waiting.setdefault(exhibit.surface_id, _Refused(since=now, last=now))
        refused.last = now
        return refused.since

    def accepted(self, exhibit: Exhibit) -> None:
        """Take note that something was shown."""
        self._waiting.pop(_of(exhibit), None)

    def given_up(self, exhibit: Exhibit) -> None:
        """Forget one message, which is tried no more."""
        self._waiting.get(_of(exhibit), {}).pop(exhibit.surface_id, None)

    def _forget_until(self, past: float) -> None:
        for installation, waiting in list(self._waiting.items()):
            fresh = {one: at for one, at in waiting.items() if at.last > past}
            if fresh:
                self._waiting[installation] = fresh
            else:
                del self._waiting[installation]


def _of(exhibit: Exhibit) -> _Installation:
    to = exhibit.address
    assert to is not None, "a platform was tried"
    return to.platform, to.workspace
