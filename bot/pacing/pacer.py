"""Decide which surface to refresh now, by which way, and when to ask again.

Answers that stream in produce far more revisions than platforms let us show. The
pacer keeps only the newest revision of each surface and shows each turn's answer in
parts of the same length, as short as all budgets together allow; it keeps a token for
the end of every turn that lives, and never loses a last revision. What a part is worth
is said in `bot.pacing.market`, which way is taken in `bot.pacing.choice`.

It is a state machine without I/O (see https://sans-io.readthedocs.io/). The shell

1. tells it what is new (`Pacer.offer`),
2. asks for a `Plan` after every fact and whenever `Plan.wake_at` has come,
3. does every `Send` of the plan at once and side by side, and
4. reports each one's end: exactly one of `succeeded`, `unchanged`, `throttled`,
   `failed`, `abandon`.

Time is an argument (monotonic seconds); it may stand still, and a time that lies
before one already told counts as the latter.

Invariants, each one a property in ``tests/unit/bot/pacing``:

1. At most one send per surface is in flight.
2. Revisions of a surface never go back. Skipping is fine; a repeat only follows a
   send that may not have arrived, or a way that had to be taken (`Way.by`).
3. No lane exceeds its windows, as `bot.pacing.lanes` states, nor is used before a
   refusal's time is over.
4. Once offers stop, the newest revision of every surface is sent, in bounded time.
5. However much progress there is: all turns that live can end at once, as far as their
   lanes can hold so many at all, and as many approvals as the reserves hold go out.
6. Two progress sends of one surface are ``min_interval`` apart, and none is begun in
   the `NEAR_END` seconds after it was said that the end is near.
7. Every stream that is opened can be closed at once when its turn ends.
8. Turns that grow alike are refreshed equally often, give or take one.
9. An offer looks at no other surface, and a plan only if something may be due.
"""

from dataclasses import dataclass, replace
from math import inf

from bot.pacing.choice import Choice, Chooser
from bot.pacing.habits import Habits
from bot.pacing.lanes import LaneLevel, Lanes, blamed
from bot.pacing.market import Market
from bot.pacing.plan import Plan, Priority, Send, Tally
from bot.pacing.roster import Roster
from bot.pacing.sharing import Sharing
from bot.pacing.surface import Flight, Surface
from bot.pacing.way import Use, Way
from bot.protocol.ids import SurfaceId

FIRST_RETRY = 1.0
"""Seconds before a send that failed is tried again, doubled with every failure."""
LAST_RETRY = 60.0
"""Seconds that two tries lie apart at most."""
SHORTEST_PAUSE = 1.0
"""Seconds a refused lane rests at least, whatever the platform asked for."""
HOLD = 1.0
"""Seconds for which tokens are held for an urgent send that waits for another lane."""
NEAR_END = 0.5
"""Seconds for which a surface that is about to end gets no progress."""


@dataclass(frozen=True, slots=True)
class _Landed:
    surface: Surface
    flight: Flight


class Pacer:
    """The schedule of all surfaces of one process.

    Args:
        min_interval: Least seconds between two progress sends of one surface.
        alone: Whether no other process draws from the same lanes (`sharing`).
    """

    def __init__(self, *, min_interval: float = 0.5, alone: bool = True) -> None:
        self._min_interval = min_interval
        self._roster = Roster()
        self._abandoned: set[SurfaceId] = set()
        self._forgotten: dict[SurfaceId, list[Flight]] = {}
        """Sends under way of surfaces that were dropped meanwhile."""
        self._flying = 0
        self._lanes = Lanes(alone=alone)
        self._habits = Habits()
        self.sharing = Sharing(self._lanes, self._roster, self.look)
        """What it shares with other replicas."""
        self._tally = Tally()
        self._now = -inf
        self._changed = False
        self._wake_at: float | None = None

    # -------------------------------------------------------------- what is asked

    @property
    def idle(self) -> bool:
        """Whether every surface shows its newest revision."""
        return not self._roster.anybody_waits and not self._flying

    @property
    def tally(self) -> Tally:
        """What has been done so far."""
        return replace(self._tally)

    def settled(self, surface: SurfaceId) -> bool:
        """Return whether nothing more will be sent for ``surface`` as things are."""
        known = self._roster.find(surface)
        due = known and (known.is_stale or self._roster.is_bound(surface))
        return known is None or (known.flight is None and not due)

    def told(self, surface: SurfaceId) -> bool:
        """Return whether nothing of ``surface`` is to be sent but what sums it up."""
        known = self._roster.find(surface)
        sums_up = known is None or (known.sums_up and known.flight is None)
        return (sums_up or self.settled(surface)) and not self._roster.is_bound(surface)

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

    def look(self) -> None:
        """Plan anew: there is more to spend."""
        self._changed = True

    # --------------------------------------------------------------- what is told

    def offer(
        self,
        surface: SurfaceId,
        revision: int,
        *,
        priority: Priority,
        now: float,
        ways: tuple[Way, ...] | None = None,
        size: int | None = None,
        ends_soon: bool = False,
    ) -> None:
        """Take note of a newer revision.

        The newest revision wins: an older one is ignored, the same one again
        replaces priority and ways.

        Args:
            surface: What shows it.
            revision: Grows with every change of the surface.
            priority: What this revision is; the surface's from now on.
            now: Monotonic seconds.
            ways: How it may be sent from now on; ``None``: as it is. While a send is
                in flight: if that one is not shown.
            size: Characters that it shows. What people have not seen is the
                difference to what they have.
            ends_soon: Whether the last word will be offered in a moment, so that a
                refresh now would only delay it.
        """
        now = self._advance(now)
        if surface in self._abandoned:
            return
        known = self._roster.find(surface)
        if known is None:
            known = Surface(newest=revision, priority=priority, born=now)
            self._roster.admit(surface, known)
            self._tally.offered += 1
            known.grow(size, now)
        elif revision > known.newest:
            self._tally.offered += 1
            self._tally.coalesced += known.newest not in (known.shown, known.tried)
            known.newest = revision
            known.grow(size, now)
        elif revision < known.newest:
            return
        if ends_soon:
            known.quiet_until = now + NEAR_END
        self._changed |= self._roster.classify(surface, priority)
        self._changed |= ways is not None and self._roster.lead(surface, ways)
        self._changed |= self._roster.queue(surface) or ends_soon
        if self._roster.waits(surface) and not self._changed:
            self._wake(known.due_at)

    def succeeded(
        self, surface: SurfaceId, now: float, *, ways: tuple[Way, ...] | None = None
    ) -> None:
        """The platform shows the revision in flight.

        Args:
            surface: Which.
            now: Monotonic seconds.
            ways: How it is sent from now on, where the way that was taken did not say
                so (`Way.then`), or not rightly.
        """
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.settle(self._now)
                bucket.grow(self._now)
            known, flight = landed.surface, landed.flight
            known.sent_at, known.apart = flight.sent_at, flight.apart
            self._learn(known, flight)
            self._roster.lead(surface, ways or flight.then or known.ways)
            self._tally.sent += 1
            self._show(surface, landed)

    def unchanged(self, surface: SurfaceId, now: float) -> None:
        """The revision in flight looks like what is shown: nothing was sent."""
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.refund()
            self._tally.unchanged += 1
            self._show(surface, landed)

    def handed_over(self, surface: SurfaceId, now: float) -> None:
        """The last word becomes another surface, offered next: nothing was sent."""
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.refund()
            self._learn(landed.surface, landed.flight)
            self._show(surface, landed)

    def throttled(
        self,
        surface: SurfaceId,
        now: float,
        *,
        retry_after: float,
        lane: str | None = None,
        quota: bool = False,
    ) -> None:
        """The platform refused to do more; nothing changed.

        Args:
            surface: Whose send was refused.
            now: Monotonic seconds.
            retry_after: Seconds from ``now``.
            lane: Key of the lane that is exhausted; ``None``: nobody knows which, so
                all that the send drew from, but those not `Lane.blamed`.
            quota: Whether it is no lane, but their quota: then only approvals and
                finals try until then.
        """
        if landed := self._land(surface, now):
            for bucket in landed.flight.buckets:
                bucket.settle(self._now)
            until = self._now + max(SHORTEST_PAUSE, retry_after)
            spent = [b.quota for b in landed.flight.buckets if quota and b.quota]
            for account in spent:
                account.spend(until)
            if spent and landed.surface.is_urgent:
                self._put_off(landed.surface)
            refused = () if spent else blamed(landed.flight.buckets)
            for bucket in [self._lanes.named(lane)] if lane else refused:
                bucket.pause(self._now, until)
            if lane or not (refused or spent):  # else it may go by another way
                landed.surface.retry_at = until
            self._tally.throttled += 1
            self._recall(surface, landed)

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
            self._put_off(known, retry_at)
            known.sent_at = landed.flight.sent_at
            self._tally.failed += 1
            self._recall(surface, landed)

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
        known = self._roster.drop(surface)
        if known is not None and known.flight is not None:
            self._flying -= 1
            self._changed = True
            self._forgotten.setdefault(surface, []).append(known.flight)

    # -------------------------------------------------------------------- inside

    def _advance(self, now: float) -> float:
        self._now = max(self._now, now)
        return self._now

    def _wake(self, at: float) -> None:
        """Let the next plan be made at ``at``, or before."""
        if at < (inf if self._wake_at is None else self._wake_at):
            self._wake_at = at

    def _take_turns(self, now: float) -> tuple[tuple[Send, ...], float | None]:
        self._lanes.sweep(now)
        market = Market(self._lanes, self._habits, now)
        market.count(self._roster.living)
        chooser = Chooser(market, self._habits, self._min_interval, now)
        sends: list[Send] = []
        wake_at = self._roster.next_bound(now)
        for surface, known in self._roster.candidates(now, self._habits.still_to_say):
            self._tally.looked += 1
            choice = chooser.choose(known)
            if choice.at <= now:
                if known.shown is None and not known.is_urgent:
                    market.begin(choice.way, known.ways)
                apart = chooser.ends_apart(known, choice.way)
                sends.append(self._launch(surface, known, choice, apart=apart))
                continue
            if known.is_urgent and choice.at <= now + HOLD:
                chooser.hold(choice.way)
            wake_at = min(wake_at, choice.at)
        return tuple(sends), None if wake_at == inf else wake_at

    def _launch(
        self, surface: SurfaceId, known: Surface, choice: Choice, *, apart: bool
    ) -> Send:
        for bucket in choice.buckets:
            bucket.draw()
            if bucket.quota and not known.is_urgent:
                bucket.quota.try_one(self._now)
        known.launch(choice.buckets, choice.way, self._now, apart=apart)
        self._flying += 1
        self._roster.launched(surface)
        return Send(surface, known.newest, choice.way.name, apart)

    def _land(self, surface: SurfaceId, now: float) -> _Landed | None:
        """Return what came down; ``None`` if nobody is interested any more."""
        self._advance(now)
        known = self._roster.find(surface)
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
        self._roster.queue(surface)

    def _put_off(self, known: Surface, retry_at: float | None = None) -> None:
        """Let it be tried again then, or after a pause that grows with each failure."""
        pause = min(LAST_RETRY, FIRST_RETRY * 2.0**known.failures)
        known.retry_at = self._now + pause if retry_at is None else retry_at
        known.failures = min(known.failures + 1, 10)

    def _recall(self, surface: SurfaceId, landed: _Landed) -> None:
        """People did not see what was sent, or nobody knows."""
        landed.surface.recall(landed.flight, self._now)
        self._roster.queue(surface)

    def _learn(self, known: Surface, flight: Flight) -> None:
        ended = known.priority is Priority.FINAL and flight.revision == known.newest
        if ended and known.lived and known.born > -inf:
            refreshes = [way for way in known.ways if way.use is not Use.ENDING]
            self._habits.ended(
                self._now,
                lanes={lane.key for way in refreshes for lane in way.lanes},
                life=self._now - known.born,
                said=known.said,
                size=known.grown,
            )
