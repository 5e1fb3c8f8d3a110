"""What a pacer tells of the lanes that it shares, and what it is given. Pure.

The shell asks `Sharing.asks` now and then, and at once when somebody is hungry, puts the
requests to the lanes' accounts (`bot.pacing.shares`), and brings back what came of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.pacing.allotment import Allotment
from bot.pacing.lanes import Lanes
from bot.pacing.roster import Roster
from bot.pacing.shares import Ask, Part
from bot.pacing.surface import Surface
from bot.pacing.window import Window


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be put to a lane's account."""

    windows: tuple[Window, ...]
    ask: Ask


class Sharing:
    """The shared lanes of one pacer.

    Args:
        lanes: Their state.
        roster: Who is shown through them.
        look: Called when there is more to spend.
    """

    def __init__(self, lanes: Lanes, roster: Roster, look: Callable[[], None]) -> None:
        self._lanes = lanes
        self._roster = roster
        self._look = look

    @property
    def hungry(self) -> bool:
        """Whether something waits only because nothing was given for it."""
        return any(b.allotment and b.allotment.hungry for b in self._lanes.shared())

    def asks(self, now: float) -> dict[str, Request]:
        """Return what there is to tell and to want, by lane; `give` or `untold` follows.

        Args:
            now: Monotonic seconds.
        """
        live = _by_lane(self._roster.living)
        urgent = _by_lane(s for s in self._roster.waiting if s.is_urgent)
        asks: dict[str, Request] = {}
        for bucket in self._lanes.shared():
            key, mine = bucket.key, bucket.allotment
            if mine and (live[key] or urgent[key] or mine.busy or mine.hungry):
                ask = bucket.ask(now, live=live[key], urgent=urgent[key])
                asks[key] = Request(bucket.lane.windows, ask)
        return asks

    def give(self, lane: str, ask: Ask, part: Part, now: float) -> None:
        """Take what was given for ``ask``."""
        if allotment := self._of(lane):
            allotment.give(ask, part, now)
            self._look()

    def untold(self, asks: Mapping[str, Request]) -> None:
        """Take back what nobody was told."""
        for lane, request in asks.items():
            if allotment := self._of(lane):
                allotment.untold(request.ask.settled)

    def _of(self, lane: str) -> Allotment | None:
        return self._lanes.named(lane).allotment


def _by_lane(surfaces: Iterable[Surface]) -> Counter[str]:
    """Return how many surfaces are shown through each lane."""
    return Counter(
        key
        for surface in surfaces
        for key in {lane.key for way in surface.coming_ways for lane in way.lanes}
    )
