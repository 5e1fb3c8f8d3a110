"""When open streams must be closed, whether anything is new by then or not.

A platform ends a stream by its age; one that it ends shows an error to everybody.
"""

from bot.clock import Clock
from bot.engine.exhibit import Exhibit
from bot.protocol.ids import SurfaceId


class OpenStreams:
    """The streams that this process knows to be open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[SurfaceId, float] = {}

    def note(self, exhibit: Exhibit) -> None:
        """Take note of whether a surface's message streams now."""
        stream = exhibit.receipt.stream if exhibit.receipt else None
        if stream is None:
            self.forget(exhibit.surface_id)
        elif exhibit.surface_id not in self._until:
            left = stream.until - self._clock.now()
            until = self._clock.monotonic() + left.total_seconds()
            self._until[exhibit.surface_id] = until

    def forget(self, surface: SurfaceId) -> None:
        """Drop a surface."""
        self._until.pop(surface, None)

    def overdue(self) -> list[SurfaceId]:
        """Return, once, those whose time is up."""
        now = self._clock.monotonic()
        late = [surface for surface, until in self._until.items() if until <= now]
        for surface in late:
            del self._until[surface]
        return late

    @property
    def next_at(self) -> float | None:
        """When the next one's time is up: monotonic seconds."""
        return min(self._until.values(), default=None)
