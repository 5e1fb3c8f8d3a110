"""Which of a surface's ways to take, and when. Pure."""

from collections import Counter
from dataclasses import dataclass, replace
from math import inf

from bot.pacing.habits import Habits
from bot.pacing.lanes import Bucket, Haste
from bot.pacing.market import Market
from bot.pacing.plan import Priority
from bot.pacing.surface import Surface
from bot.pacing.way import Use, Way

PATIENCE = 20.0
"""Seconds after which a change is shown, however small it is and scarce the lane."""
BRISK = 0.1
"""Seconds between refreshes up to which a lane has more than anybody can use."""
NOTED = 0.5
"""The same up to which what adds nothing to the answer, like a step, is shown for its
own sake (our choice). Where calls are scarcer, the answer's next part shows it too."""
WITH_STEPS = 1.5
"""How many times the calls of its answer's parts a turn takes if its steps are shown,
too: by that a lane is chosen for one that begins (our choice; six steps, say)."""
WORTH = 0.6
"""Share of what a refresh gains at best that one just before an end must gain; else
the call is left to others (our choice)."""
SOON_ENOUGH = 0.5
"""Seconds for which an ending waits for its own message."""
GLANCE = 2.0
"""Seconds between two looks whether there is room for what others go before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """By which way a surface goes, and when."""

    at: float
    """Now or before: at once. Infinity: that depends on an answer still awaited."""
    way: Way
    buckets: tuple[Bucket, ...] = ()


class Chooser:
    """Chooses for all surfaces of one plan.

    Args:
        market: What is asked of all lanes.
        habits: What turns are like.
        floor: Least seconds between two progress sends of one surface.
        now: Monotonic seconds.
    """

    def __init__(
        self, market: Market, habits: Habits, floor: float, now: float
    ) -> None:
        self._market = market
        self._habits = habits
        self._floor = floor
        self._now = now
        self._held: Counter[Bucket] = Counter()
        self._shut: dict[tuple[Bucket, Haste], float] = {}

    def choose(self, known: Surface) -> Choice:
        """Return how and when ``known`` goes, and remember that in it."""
        bound = [w for w in known.ways if w.by is not None and w.by <= self._now]
        if bound:
            return self._at(bound[0], Haste.URGENT, known.retry_at)
        if known.is_urgent:
            return self._last_word(known)
        if known.shown is None and not known.sums_up:
            return self._first_sight(known)
        return self._refresh(known)

    def ends_apart(self, known: Surface, way: Way) -> bool:
        """Whether the end of ``known`` will leave the lanes of progress to others.

        Args:
            known: What is sent now.
            way: How.
        """
        ways = way.then or known.ways
        usual = [way for way in ways if way.use is Use.ANY]
        fresh = [way for way in ways if way.use is Use.ENDING]
        progress = known.priority is Priority.PROGRESS and usual and fresh
        return bool(progress) and self._market.is_scarce(usual[0])

    def hold(self, way: Way) -> None:
        """Keep a token of each lane for one who goes first."""
        self._held.update(self._market.route(way))

    def _last_word(self, known: Surface) -> Choice:
        ways = [w for w in known.ways if w.use is not Use.PROGRESS] or [Way()]
        choices = [self._at(w, Haste.URGENT, known.retry_at) for w in ways]
        best = min(choices, key=_when)
        if self._may_yet_come(known, choices[0]):
            best = replace(choices[0], at=known.backlog.since + SOON_ENOUGH)
        if best.at > self._now:
            known.open_at, known.price = best.at, 0.0
            return best
        ready = [choice for choice in choices if choice.at <= self._now]
        if not known.apart:
            return ready[0]  # or its message would look alive for a while
        for choice in ready:
            if not self._market.is_scarce(choice.way):
                return choice
        return ready[-1]

    def _may_yet_come(self, known: Surface, usual: Choice) -> bool:
        """Whether to wait a moment for this process' share of the usual way's lanes.

        A second message is more to read.
        """
        asks = any(bucket.asks_for_more for bucket in self._market.route(usual.way))
        waits = usual.at == inf and self._now < known.backlog.since + SOON_ENOUGH
        return waits and asks

    def _first_sight(self, known: Surface) -> Choice:
        ways = [w for w in known.ways if w.use is not Use.ENDING] or [Way()]
        choices = [self._at(w, known.haste, self._earliest(known, w)) for w in ways]
        choices = [replace(c, at=max(c.at, self._end_at(c.way))) for c in choices]
        ready = [choice for choice in choices if choice.at <= self._now]
        if ready:
            return min(ready, key=self._prospect)
        best = min(choices, key=_when)
        known.open_at, known.price = best.at, 0.0
        return best

    def _prospect(self, choice: Choice) -> float:
        return max(self._floor, WITH_STEPS * self._market.prospect(choice.way))

    def _end_at(self, way: Way) -> float:
        """Return when to look whether what ``way`` begins can be ended; past: it can."""
        return -inf if self._market.can_end(way.then) else self._now + GLANCE

    def _refresh(self, known: Surface) -> Choice:
        ways = [w for w in known.ways if w.use is not Use.ENDING] or [Way()]
        way = min(ways, key=self._pace)
        interval = known.interval = self._market.interval_of(known, way)
        earliest = max(known.quiet_until, self._earliest(known, way))
        # Who leaves a lane for others takes the token that was kept for it there.
        leaves = known.priority is Priority.WAITING and way.then
        haste = Haste.URGENT if leaves else known.haste
        choice = self._at(way, haste, earliest)
        known.open_at = choice.at
        if known.priority < Priority.PROGRESS:
            known.price, known.latest = 0.0, -inf
        elif known.priority is Priority.DECORATION:
            if interval <= self._floor_of(way):  # nobody could use what is left
                return choice
            known.price, known.latest = inf, self._now + GLANCE
            if choice.at <= self._now:
                return Choice(self._now + GLANCE, way)
        elif interval <= (BRISK if known.backlog.unseen else NOTED):
            known.price = 0.0
        else:
            area = self._habits.rate * interval * interval
            known.price, known.latest = area / 2, known.backlog.since + PATIENCE
            left = self._habits.still_to_say(known.said)
            wasted = left < interval and known.gain(left) < WORTH * area
            if wasted and known.due_at <= self._now < known.latest:
                known.price = inf
                return Choice(min(known.latest, self._now + left), way)
        due_at = known.due_at
        return choice if due_at <= self._now else Choice(due_at, way)

    def _pace(self, way: Way) -> float:
        return max(self._floor_of(way), self._market.interval(way))

    def _floor_of(self, way: Way) -> float:
        return self._floor if way.floor is None else way.floor

    def _earliest(self, known: Surface, way: Way) -> float:
        """Return when the surface itself may be sent again, whatever the lanes say."""
        if known.priority < Priority.PROGRESS:
            return known.retry_at
        return max(known.retry_at, known.sent_at + self._floor_of(way))

    def _at(self, way: Way, haste: Haste, earliest: float) -> Choice:
        if earliest > self._now:
            return Choice(earliest, way)
        buckets = self._market.route(way)
        for bucket in buckets:
            ready = self._ready(bucket, haste)
            if ready > self._now:
                return Choice(ready, way)
        return Choice(self._now, way, buckets)

    def _ready(self, bucket: Bucket, haste: Haste) -> float:
        """Return when a token may be drawn.

        A lane that is shut stays so for the rest of a plan, so it is looked at once,
        however many surfaces wait for it.
        """
        ready = self._shut.get((bucket, haste), -inf)
        if ready > self._now:
            return ready
        ready = bucket.ready_at(
            self._now, haste, held=self._held[bucket], kept=self._market.kept[bucket]
        )
        if ready > self._now:
            self._shut[bucket, haste] = ready
        return ready


def _when(choice: Choice) -> float:
    return choice.at
