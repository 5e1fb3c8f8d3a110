"""Say in each conversation what the bot does there, whenever there is room.

Several turns of one conversation are one bot: it works if any of them runs, and waits
for a person only if nothing else is left. What is to be said goes through the pacer
like everything else, as decoration, so no message ever comes later for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

import structlog

from bot.clock import Clock
from bot.errors import RateLimitedError
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.ports.presence import Doing, Presence
from bot.protocol.ids import PlatformName, SurfaceId, TurnId
from bot.protocol.inbound import Address
from bot.turn.state import Phase, TurnState

log = structlog.get_logger()

_RISING: tuple[Doing, ...] = ("waiting", "working", "starting")
"""What counts more comes later."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """One conversation as people see it."""

    presence: Presence
    address: Address
    ways: tuple[Way, ...]
    turns: dict[TurnId, Doing] = field(default_factory=dict[TurnId, Doing])
    doing: Doing = "done"
    since: float = -inf
    revision: int = 0
    offered: bool = False

    def due_at(self) -> float:
        """Return when something is to be said."""
        return self.presence.due_at(self.address, self.doing, since=self.since)


class Presences:
    """What the bot does, in all conversations that this process works on.

    Args:
        presences: Platforms that can say it.
        pacer: Decides when there is room.
        clock: The time.
    """

    def __init__(
        self, presences: Mapping[PlatformName, Presence], pacer: Pacer, clock: Clock
    ) -> None:
        self._presences = dict(presences)
        self._pacer = pacer
        self._clock = clock
        self._places: dict[SurfaceId, _Place] = {}

    def __contains__(self, surface: SurfaceId) -> bool:
        """Whether this is what is said in a conversation, and no message."""
        return surface in self._places

    def note(self, state: TurnState, *, visible: bool) -> bool:
        """Take note of what a turn does; whether that is news.

        Args:
            state: The turn.
            visible: Whether who asked sees a message of it.
        """
        to = state.address
        presence = self._presences.get(to.platform) if to else None
        if to is None or presence is None:
            return False
        surface = _surface(to)
        doing = _doing(state, visible=visible)
        place = self._places.get(surface)
        if place is None:
            if doing == "done":
                return False
            ways = (Way(name="say", lanes=presence.lanes(to)),)
            place = _Place(presence=presence, address=to, ways=ways)
            self._places[surface] = place
        if place.turns.get(state.turn_id) == doing:
            return False
        place.turns[state.turn_id] = doing
        return self._weigh(place)

    def forget(self, turn_id: TurnId, to: Address | None) -> None:
        """Drop a turn that is parked and shown, has ended, or is somebody else's."""
        surface = _surface(to) if to else None
        place = self._places.get(surface) if surface else None
        if surface is None or place is None:
            return
        was = place.turns.pop(turn_id, None)
        if any(doing != "done" for doing in place.turns.values()):
            self._weigh(place)
        elif was != "done" or place.due_at() == inf:
            self._drop(surface)

    def look(self, now: float) -> float:
        """Offer what is to be said; return when to look again, infinity: at news."""
        again = inf
        for surface, place in list(self._places.items()):
            if place.offered:
                continue
            at = place.due_at()
            if at <= now:
                self._offer(surface, place, now)
            elif at == inf and not place.turns:
                self._drop(surface)
            again = min(again, at if at > now else inf)
        return again

    async def say(self, surface: SurfaceId) -> None:
        """Say it, as the pacer told."""
        place = self._places.get(surface)
        try:
            if place is not None:
                place.offered = False
                await place.presence.say(place.address, place.doing)
        except RateLimitedError as error:
            now = self._clock.monotonic()
            self._pacer.throttled(surface, now, retry_after=error.retry_after)
            return
        except Exception:
            # A mistake of ours with decoration must not end everybody's delivery.
            log.exception("presence.failed", place=surface)
            self._presences.clear()
            for known in list(self._places):
                self._drop(known)
        self._pacer.succeeded(surface, self._clock.monotonic())

    def _weigh(self, place: _Place) -> bool:
        doing: Doing = "done"
        for weightier in _RISING:
            if weightier in place.turns.values():
                doing = weightier
        if doing == place.doing:
            return False
        place.doing, place.since = doing, self._clock.monotonic()
        return True

    def _offer(self, surface: SurfaceId, place: _Place, now: float) -> None:
        place.offered = True
        place.revision += 1
        self._pacer.offer(
            surface,
            place.revision,
            priority=Priority.DECORATION,
            ways=place.ways,
            now=now,
        )

    def _drop(self, surface: SurfaceId) -> None:
        del self._places[surface]
        self._pacer.forget(surface)


def _surface(to: Address) -> SurfaceId:
    return SurfaceId(f"presence/{to.platform}/{to.workspace}/{to.channel}/{to.thread}")


def _doing(state: TurnState, *, visible: bool) -> Doing:
    if state.ending is not None:
        return "done"
    if state.phase in {Phase.PARKED, Phase.QUEUED}:
        return "waiting"
    return "working" if visible else "starting"
