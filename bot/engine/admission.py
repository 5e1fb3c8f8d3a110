"""Let new conversations in only as fast as the process stays responsive.

Everything in a process shares one event loop: webhooks that want an answer, turns that
stream, turns that begin. A message that is committed is safe in its mailbox and can
wait a little; a webhook cannot. So before a conversation is claimed, the loop is asked
how long it takes to come around, and while that is too long nothing is claimed here.
Whoever has time, here or on another replica, claims it then.
"""

from bot.clock import Clock

RESPONSIVE = 0.004
"""Seconds that one round of the loop may take. Answering a webhook takes some ten."""
ROUNDS = 3
"""How many rounds in a row must be that short."""
PAUSE = 0.01
"""Seconds until the loop is asked again."""
MOST = 0.2
"""Seconds that a conversation waits at most: however busy it is here, it goes on."""


class Admission:
    """The door through which conversations come into this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def wait(self) -> None:
        """Return when there is time for another conversation, or after `MOST`."""
        until = self._clock.monotonic() + MOST
        while await self._slowest_round() > RESPONSIVE:
            if self._clock.monotonic() >= until:
                return
            await self._clock.sleep(PAUSE)

    async def _slowest_round(self) -> float:
        slowest, before = 0.0, self._clock.monotonic()
        for _ in range(ROUNDS):
            await self._clock.sleep(0)
            now = self._clock.monotonic()
            slowest, before = max(slowest, now - before), now
        return slowest
