"""Decide which surface to refresh now, and when to ask again. Sends nothing itself.

Answers that stream in produce far more revisions than platforms let us show. The
pacer keeps only the newest revision of each surface, spends every lane's budget on
whoever has waited longest, keeps a reserve for approvals and finals, and never loses
a last revision.

It is a state machine without I/O (see https://sans-io.readthedocs.io/). The shell

1. tells it what is new (`Pacer.offer`),
2. asks for a `Plan` after every fact and whenever `Plan.wake_at` has come,
3. does every `Send` of the plan at once and side by side, and
4. reports each one's end: exactly one of `succeeded`, `unchanged`, `throttled`,
   `failed`, `abandon`.

Time is an argument (monotonic seconds); it may stand still, and a time that lies
before one already told counts as the latter.

Invariants, each one a property in ``tests/unit/bot/pacing/test_pacer.py``:

1. At most one send per surface is in flight.
2. Revisions of a surface never go back. Skipping is fine; a repeat only follows a
   send that may not have arrived.
3. No lane exceeds its windows, as `bot.pacing.lanes` states, nor is used before a
   refusal's time is over.
4. Once offers stop, the newest revision of every surface is sent, in bounded time.
5. However much progress there is: as many approvals and finals as the reserves hold
   go out at once.
6. Two progress sends of one surface are ``min_interval`` apart.
"""

from collections import Counter
from dataclasses import dataclass, replace
from math import inf

from bot.pacing.lanes import Bucket, Haste, Lane, LaneLevel, Lanes
from bot.pacing.plan import Plan, Priority, Send, Tally
from bot.pacing.surface import Flight, Surface
from bot.protocol.ids import SurfaceId

FIRST_RETRY = 1.0
"""Seconds before a send that failed is tried again, doubled with every failure."""
LAST_RETRY = 60.0
"""Seconds that two tries lie apart at most."""
SHORTEST_PAUSE = 1.0
"""Seconds a refused lane rests at least, whatever the platform asked for."""
HOLD = 1.0
"""Seconds for which tokens are held for an urgent send that waits for another lane."""


@dataclass(frozen=True, slots=True)
class _Landed:
    surface: Surface
    flight: Flight


class Pacer:
    """The schedule of all surfaces of one process.

    Every call costs the same however many surfaces are shown; only a plan after a
    fact that matters looks at the surfaces that wait.

    Args:
        min_interval: Least seconds between two progress sends of one surface.
    """

    def __init__(self, *, min_interval: float = 0.5) -> None:
        self._min_interval = min_interval
        self._surfaces: dict[SurfaceId, Surface] = {}
        self._waiting: dict[SurfaceId, Surface] = {}
        self._abandoned: set[SurfaceId] = set()
        self._forgotten: dict[SurfaceId, list[Flight]] = {}
        """Sends under way of surfaces that were dropped meanwhile."""
        self._flying = 0
        self._lanes = Lanes()
        self._tally = Tally()
        self._now = -inf
        self._changed = False
        self._wake_at: float | None = None

    # -------------------------------------------------------------- what is asked

    @property
    def idle(self) -> bool:
        """Whether every surface shows its newest revision."""
        return not self._waiting and not self._flying

    @property
    def tally(self) -> Tally:
        """What has been done so far."""
        return replace(self._tally)

    def settled(self, surface: SurfaceId) -> bool:
        """Return whether nothing more will be sent for ``surface`` as things are."""
        known = self._surfaces.get(surface)
        return known is None or (known.flight is None and not known.is_stale)

    def lane_levels(self, now: float) -> tuple[LaneLevel, ...]:
        """Return how every lane stands, for display."""
        return self._lanes.levels(self._advance(now))

    def plan(self, now: float) -> Plan:
        """Return what to send at ``now``; each counts as in flight until its report."""
        now = self._advance(now)
        if self._changed or (self._wake_at is not None and now >= self._wake_at):
            sends, self._wake_at = self._take_turns(now)
            self._changed = False
            return Plan(sends, self._wake_at)
        return Plan((), self._wake_at)

    # --------------------------------------------------------------- what is told

    def offer(
        self,
        surface: SurfaceId,
        revision: int,
        *,
        priority: Priority,
        lanes: tuple[Lane, ...],
        now: float,
    ) -> None:
        """Take note of a newer revision.

        The newest revision wins: an older one is ignored, the same one again
        replaces priority and lanes.

        Args:
            surface: What shows it.
            revision: Grows with every change of the surface.
            priority: What this revision is; the surface's from now on.
            lanes: Every budget that sending it would draw one token from now. A post
                and an edit may differ.
            now: Monotonic seconds.
        """
        now = self._advance(now)
        if surface in self._abandoned:
            return
        known = self._surfaces.get(surface)
        if known is None:
            known = Surface(
                newest=revision, priority=priority, lanes=lanes, stale_since=now
            )
            self._surfaces[surface] = known
            self._tally.offered += 1
        elif revision > known.newest:
            self._renew(known, revision, now)
        elif revision < known.newest:
            return
        if (known.priority, known.lanes) != (priority, lanes):
            known.priority, known.lanes = priority, lanes
            self._changed = True
        self._queue(surface, known)

    def adopt(self, surface: SurfaceId, revision: int) -> None:
        """Take note that ``surface`` shows ``revision`` already, e.g. after a restart."""
        if surface in self._surfaces or surface in self._abandoned:
            return
        self._surfaces[surface] = Surface(
            newest=revision,
            priority=Priority.PROGRESS,
            lanes=(),
            stale_since=self._now,
            shown=revision,
            tried=revision,
        )

    def succeeded(
        self, surface: SurfaceId, now: float, *, lanes: tuple[Lane, ...] | None = None
    ) -> None:
        """The platform shows the revision in flight.

        Args:
            surface: Which.
            now: Monotonic seconds.
            lanes: What the next send draws from, where that has changed: after a
                first post, the lanes of an edit.
        """
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.settle(self._now)
                bucket.grow()
            landed.surface.sent_at = landed.flight.sent_at
            if lanes is not None:
                landed.surface.lanes = lanes
            self._tally.sent += 1
            self._show(surface, landed)

    def unchanged(self, surface: SurfaceId, now: float) -> None:
        """The revision in flight looks like what is shown: nothing was sent."""
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.refund()
            self._tally.unchanged += 1
            self._show(surface, landed)

    def throttled(
        self,
        surface: SurfaceId,
        now: float,
        *,
        retry_after: float,
        lane: str | None = None,
    ) -> None:
        """The platform refused to do more; nothing changed.

        Args:
            surface: Whose send was refused.
            now: Monotonic seconds.
            retry_after: Seconds from ``now``.
            lane: Key of the lane that is exhausted; ``None``: nobody knows which, so
                all that the send drew from.
        """
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.settle(self._now)
            until = self._now + max(SHORTEST_PAUSE, retry_after)
            refused = landed.flight.buckets
            for bucket in [self._lanes.named(lane, self._now)] if lane else refused:
                bucket.pause(self._now, until)
            landed.surface.retry_at = until
            self._tally.throttled += 1
            self._queue(surface, landed.surface)

    def failed(
        self, surface: SurfaceId, now: float, *, retry_at: float | None = None
    ) -> None:
        """The send failed, or nobody knows; it will be tried again.

        Args:
            surface: Whose send failed.
            now: Monotonic seconds.
            retry_at: Not before this time; ``None``: after a pause that grows with
                every failure in a row.
        """
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.settle(self._now)
            known = landed.surface
            pause = min(LAST_RETRY, FIRST_RETRY * 2.0**known.failures)
            known.retry_at = self._now + pause if retry_at is None else retry_at
            known.failures = min(known.failures + 1, 10)
            known.sent_at = landed.flight.sent_at
            self._tally.failed += 1
            self._queue(surface, known)

    def abandon(self, surface: SurfaceId, now: float) -> None:
        """Never send this surface again: there is nothing left to change."""
        self._advance(now)
        self.forget(surface)
        self._settle_forgotten(surface)
        self._abandoned.add(surface)

    def forget(self, surface: SurfaceId) -> None:
        """Drop everything about a surface; an offer starts it afresh.

        What is in flight counts until its report: the platform may not have seen it.
        """
        self._abandoned.discard(surface)
        self._waiting.pop(surface, None)
        known = self._surfaces.pop(surface, None)
        if known is not None and known.flight is not None:
            self._flying -= 1
            self._forgotten.setdefault(surface, []).append(known.flight)

    # -------------------------------------------------------------------- inside

    def _advance(self, now: float) -> float:
        self._now = max(self._now, now)
        return self._now

    def _renew(self, known: Surface, revision: int, now: float) -> None:
        self._tally.offered += 1
        if known.newest not in (known.shown, known.tried):
            self._tally.coalesced += 1
        if known.flight is None:
            if not known.is_stale:
                known.stale_since = now
        elif known.newest == known.flight.revision:
            known.flight.stale_since = now
        known.newest = revision

    def _queue(self, surface: SurfaceId, known: Surface) -> None:
        if known.flight is None and known.is_stale and surface not in self._waiting:
            self._waiting[surface] = known
            self._changed = True

    def _take_turns(self, now: float) -> tuple[tuple[Send, ...], float | None]:
        sends: list[Send] = []
        wake_at = inf
        held: Counter[Bucket] = Counter()
        shut: dict[tuple[Bucket, Haste], float] = {}
        for surface, known in sorted(
            self._waiting.items(), key=lambda entry: entry[1].turn
        ):
            ready = self._earliest(known)
            if ready <= now:
                buckets = tuple(self._lanes.of(known.lanes, now))
                ready = _ready_at(buckets, known.haste, now, held, shut)
                if ready <= now:
                    sends.append(self._launch(surface, known, buckets, now))
                    continue
                if known.priority.is_urgent and ready <= now + HOLD:
                    held.update(buckets)
            wake_at = min(wake_at, ready)
        return tuple(sends), None if wake_at == inf else wake_at

    def _earliest(self, known: Surface) -> float:
        """Return when the surface itself may be sent again, whatever the lanes say."""
        if known.priority < Priority.PROGRESS:
            return known.retry_at
        return max(known.retry_at, known.sent_at + self._min_interval)

    def _launch(
        self,
        surface: SurfaceId,
        known: Surface,
        buckets: tuple[Bucket, ...],
        now: float,
    ) -> Send:
        for bucket in buckets:
            bucket.draw(now)
        known.flight = Flight(revision=known.newest, buckets=buckets, sent_at=now)
        known.tried = known.newest
        self._flying += 1
        del self._waiting[surface]
        return Send(surface, known.newest)

    def _land(self, surface: SurfaceId, now: float) -> _Landed | None:
        """Return what came down; ``None`` if nobody is interested any more."""
        self._advance(now)
        known = self._surfaces.get(surface)
        if known is None or known.flight is None:
            settled = self._settle_forgotten(surface)
            assert settled or not known, f"{surface}: a report without a send in flight"
            return None
        flight = known.flight
        known.flight = None
        self._flying -= 1
        self._changed = True
        return _Landed(known, flight)

    def _settle_forgotten(self, surface: SurfaceId) -> bool:
        """Count a send of a surface that was dropped meanwhile; whether there is one."""
        flights = self._forgotten.get(surface)
        if not flights:
            return False
        for bucket in flights.pop(0).buckets:
            bucket.settle(self._now)
        if not flights:
            del self._forgotten[surface]
        self._changed = True
        return True

    def _show(self, surface: SurfaceId, landed: _Landed) -> None:
        known, flight = landed.surface, landed.flight
        known.shown = flight.revision
        known.retry_at = -inf
        known.failures = 0
        if flight.stale_since is not None:
            known.stale_since = flight.stale_since
        self._queue(surface, known)


def _ready_at(
    buckets: tuple[Bucket, ...],
    haste: Haste,
    now: float,
    held: Counter[Bucket],
    shut: dict[tuple[Bucket, Haste], float],
) -> float:
    """Return when a send may claim all of ``buckets``, or earlier if it must wait.

    A lane that is shut stays so for the rest of a plan, so it is looked at once
    (``shut``), however many surfaces wait for it.
    """
    ready = max((shut.get((bucket, haste), -inf) for bucket in buckets), default=now)
    if ready > now:
        return ready
    for bucket in buckets:
        ready = bucket.ready_at(now, haste, held=held[bucket])
        if ready > now:
            shut[bucket, haste] = ready
            return ready
    return now
