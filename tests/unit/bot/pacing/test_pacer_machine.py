"""The pacer's invariants, for any story of offers, answers, refusals and time."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from typing_extensions import override

from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority, Send
from bot.pacing.way import Way
from bot.protocol.ids import SurfaceId

MIN_INTERVAL = 0.5
LONGEST = 20.0
EDIT = Lane(key="edit", windows=(Window(3, LONGEST), Window(2, 1.0)), reserve=0.25)
STREAM = Lane(key="stream", windows=(Window(2, 5.0),), reserve=0.5)
POST = Lane(key="post", windows=(Window(2, 10.0),))
CHANNEL = Lane(key="channel", windows=(Window(1, 1.0),))
LANES = {lane.key: lane for lane in (EDIT, STREAM, POST, CHANNEL)}
ROUTES = ((EDIT,), (EDIT,), (STREAM,), (POST, CHANNEL), (EDIT, STREAM), ())
SURFACES = [SurfaceId(f"s{number}") for number in range(4)]

surfaces = st.sampled_from(SURFACES)
seconds = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 1.0, 3.0]) | st.floats(0.0, 8.0)


@dataclass(slots=True)
class Sent:
    """One send as the lane sees it."""

    at: float
    over: float | None = None
    """When the answer came; the platform counted it at some time before."""


@dataclass(slots=True)
class Surface:
    """What must be true of one surface."""

    newest: int = 0
    shown: int = 0
    sent: int = 0
    sent_at: float = float("-inf")
    """When the last send began that may have arrived."""
    not_before: float = float("-inf")
    priority: Priority = Priority.PROGRESS
    route: tuple[Lane, ...] = ()
    flight: list[Sent] | None = None
    in_flight: int = 0
    launched_at: float = float("-inf")
    gone: bool = False


@dataclass(slots=True)
class Ledger:
    """What the lanes have been used for."""

    sends: dict[str, list[Sent]] = field(
        default_factory=lambda: {key: list[Sent]() for key in LANES}
    )
    blocked: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(LANES, float("-inf"))
    )

    def draw(self, lane: Lane, now: float) -> Sent:
        """Count one send; no window may hold too many, whenever they were counted."""
        assert now >= self.blocked[lane.key], "sent before the refusal was over"
        entry = Sent(now)
        self.sends[lane.key].append(entry)
        for window in lane.windows:
            within = [
                sent
                for sent in self.sends[lane.key]
                if sent.over is None or sent.over + window.seconds > now
            ]
            assert len(within) <= window.count, f"{lane.key}: {window} exceeded"
        return entry


class PacerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pacer = Pacer(min_interval=MIN_INTERVAL)
        self.now = 0.0
        self.surfaces = {surface: Surface() for surface in SURFACES}
        self.ledger = Ledger()
        self.forgotten: dict[SurfaceId, list[list[Sent]]] = {s: [] for s in SURFACES}
        """Sends under way of surfaces that were dropped meanwhile."""
        self.eager = False

    @initialize(eager=st.booleans())
    def choose_a_shell(self, eager: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """An eager shell asks after every fact; a lazy one when it likes."""
        self.eager = eager

    # ------------------------------------------------------------------- the story

    @rule(
        surface=surfaces,
        step=st.integers(-2, 3),
        priority=st.sampled_from([*Priority, Priority.PROGRESS]),
        route=st.sampled_from(ROUTES),
    )
    def offer(
        self,
        surface: SurfaceId,
        step: int,
        priority: Priority,
        route: tuple[Lane, ...],
    ) -> None:
        known = self.surfaces[surface]
        revision = max(1, known.newest + step)
        self.pacer.offer(
            surface,
            revision,
            priority=priority,
            ways=(Way(lanes=route),),
            now=self.now,
        )
        if revision >= known.newest and not known.gone:
            known.newest, known.priority, known.route = revision, priority, route

    @rule(elapsed=seconds)
    def pass_time(self, elapsed: float) -> None:
        self.now += elapsed

    @rule()
    def plan(self) -> None:
        plan = self.pacer.plan(self.now)
        for send in plan.sends:
            self.check(send)
        assert plan.wake_at is None or plan.wake_at > self.now
        again = self.pacer.plan(self.now)
        assert again.sends == ()
        assert again.wake_at == plan.wake_at
        if not self.awaited and not self.pacer.idle:
            assert plan.wake_at is not None, "waits for nothing"

    @rule()
    def sleep_until_woken(self) -> None:
        self.plan()
        wake_at = self.pacer.plan(self.now).wake_at
        if wake_at is not None:
            self.now = wake_at
            self.plan()

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        surface, known = self.pick(data)
        self.pacer.succeeded(surface, self.now)
        known.shown, known.sent_at = known.in_flight, known.launched_at
        self.settle(known, counted=True)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def find_nothing_to_change(self, data: st.DataObject) -> None:
        surface, known = self.pick(data)
        self.pacer.unchanged(surface, self.now)
        known.shown = known.in_flight
        self.settle(known, counted=False)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), retry_after=st.sampled_from([0.0, 2.0, 8.0, 20.0]))
    def throttle(self, data: st.DataObject, retry_after: float) -> None:
        surface, known = self.pick(data)
        route = data.draw(st.sampled_from([None, None, *LANES]))
        drawn = [lane.key for lane in LANES.values() if lane.key in self.drawn(known)]
        self.pacer.throttled(surface, self.now, retry_after=retry_after, lane=route)
        self.settle(known, counted=True)
        until = self.now + retry_after
        if route is not None or not drawn:
            known.not_before = until
        for key in drawn if route is None else [route]:
            self.ledger.blocked[key] = max(self.ledger.blocked[key], until)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), pause=st.none() | seconds)
    def fail(self, data: st.DataObject, pause: float | None) -> None:
        surface, known = self.pick(data)
        retry_at = None if pause is None else self.now + pause
        self.pacer.failed(surface, self.now, retry_at=retry_at)
        self.settle(known, counted=True)
        known.sent_at = known.launched_at
        known.not_before = self.now if retry_at is None else retry_at

    @rule(surface=st.sampled_from(SURFACES[:2]))
    def abandon(self, surface: SurfaceId) -> None:
        self.pacer.abandon(surface, self.now)
        self.drop(surface)
        self.land_forgotten(surface)
        self.surfaces[surface] = Surface(gone=True, newest=1, shown=1)

    @rule(surface=st.sampled_from(SURFACES[1:3]))
    def forget(self, surface: SurfaceId) -> None:
        self.pacer.forget(surface)
        self.drop(surface)
        self.surfaces[surface] = Surface()

    @precondition(lambda self: self.reportable)
    @rule(data=st.data())
    def report_what_was_forgotten(self, data: st.DataObject) -> None:
        self.report(data.draw(st.sampled_from(self.reportable)))

    # ------------------------------------------------------------------ the truths

    @invariant()
    def an_eager_shell_asks_at_once(self) -> None:
        if self.eager:
            self.plan()

    @invariant()
    def it_knows_who_shows_the_newest(self) -> None:
        for surface, known in self.surfaces.items():
            settled = known.gone or (
                known.flight is None and known.shown == known.newest
            )
            assert self.pacer.settled(surface) == settled
        assert self.pacer.idle == all(map(self.pacer.settled, SURFACES))

    @invariant()
    def what_is_offered_is_sent_or_saved_or_waits(self) -> None:
        tally = self.pacer.tally
        assert tally.offered >= tally.coalesced + tally.unchanged

    def check(self, send: Send) -> None:
        known = self.surfaces[send.surface]
        assert not known.gone, "sent although it is gone"
        assert known.flight is None, "two sends in flight"
        assert send.revision == known.newest, "not the newest revision"
        assert send.revision > known.shown, "nothing new"
        assert send.revision >= known.sent, "revisions go back"
        assert self.now >= known.not_before, "tried again too early"
        if known.priority >= Priority.PROGRESS:
            assert self.now >= known.sent_at + MIN_INTERVAL, "edits too close"
        known.sent = known.in_flight = send.revision
        known.launched_at = self.now
        known.flight = [self.ledger.draw(lane, self.now) for lane in known.route]

    @override
    def teardown(self) -> None:
        """Once offers stop, the newest revision of every surface is soon shown."""
        waits = [known.not_before - self.now for known in self.surfaces.values()]
        waits += [until - self.now for until in self.ledger.blocked.values()]
        rounds = len(SURFACES) + 1
        end = self.now + max(0.0, 60.0, *waits) + 2 * rounds * LONGEST
        for _ in range(200):
            for surface, known in self.surfaces.items():
                if known.flight is not None:
                    self.pacer.succeeded(surface, self.now)
                    known.shown, known.sent_at = known.in_flight, known.launched_at
                    self.settle(known, counted=True)
            for surface in self.reportable:
                self.report(surface)
            self.plan()
            if not self.awaited:
                wake_at = self.pacer.plan(self.now).wake_at
                if wake_at is None:
                    break
                self.now = wake_at
        for known in self.surfaces.values():
            assert known.shown == known.newest, "the last revision is lost"
        assert self.pacer.idle
        assert self.now <= end, "shown too late"

    # ------------------------------------------------------------------- the model

    @property
    def flying(self) -> int:
        return sum(known.flight is not None for known in self.surfaces.values())

    @property
    def awaited(self) -> bool:
        return self.flying > 0 or any(self.forgotten.values())

    @property
    def reportable(self) -> list[SurfaceId]:
        return [
            surface
            for surface, flights in self.forgotten.items()
            if flights and self.surfaces[surface].flight is None
        ]

    def report(self, surface: SurfaceId) -> None:
        self.pacer.failed(surface, self.now)
        self.land_forgotten(surface)

    def drop(self, surface: SurfaceId) -> None:
        flight = self.surfaces[surface].flight
        if flight is not None:
            self.forgotten[surface].append(flight)

    def land_forgotten(self, surface: SurfaceId) -> None:
        for entry in self.forgotten[surface].pop(0) if self.forgotten[surface] else []:
            entry.over = self.now

    def pick(self, data: st.DataObject) -> tuple[SurfaceId, Surface]:
        flying = [s for s, known in self.surfaces.items() if known.flight is not None]
        surface = data.draw(st.sampled_from(flying))
        return surface, self.surfaces[surface]

    def drawn(self, known: Surface) -> list[str]:
        flight = known.flight or []
        return [
            key
            for key, sends in self.ledger.sends.items()
            if any(entry is sent for entry in flight for sent in sends)
        ]

    def settle(self, known: Surface, *, counted: bool) -> None:
        for entry in known.flight or []:
            entry.over = self.now
        if not counted:
            for key, sends in self.ledger.sends.items():
                mine = known.flight or []
                self.ledger.sends[key] = [
                    sent for sent in sends if not any(sent is m for m in mine)
                ]
        known.flight = None


TestPacer = PacerMachine.TestCase
TestPacer.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
