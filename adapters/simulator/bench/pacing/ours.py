"""Our pacer in virtual time: the real `Pacer`, and a shell that takes no time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import process_time

from adapters.simulator.bench.budgets import Budgets
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.pacing.workspace import Method
from adapters.simulator.bench.pacing.world import Call, Screen, World
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority, Send
from bot.pacing.way import Use, Way
from bot.protocol.ids import SurfaceId

METHODS = {
    "post": Method.POST,
    "edit": Method.UPDATE,
    "open": Method.START,
    "append": Method.APPEND,
    "close": Method.STOP,
    "final_post": Method.POST,
}


BUSTLE = (0.0, 0.01)
"""Seconds after a step has begun at which something is noted of it: the one before is
over, it is asked for, it may be done, it is begun. Each is a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """Which lanes the pacer may use."""

    name: str
    streams: bool = False
    floor: float = 0.5


def ways_of(kit: Kit, budgets: Budgets, channel: str) -> tuple[Way, ...]:
    """Return how a turn in ``channel`` may be sent first, and all that follows."""
    posts = budgets("post", channel)
    edit = Way(name="edit", lanes=budgets("edit", channel))
    final = Way(name="final_post", lanes=posts, use=Use.ENDING)
    post = Way(name="post", lanes=posts, then=(edit, final))
    if not kit.streams:
        return (post,)
    append = Way(name="append", lanes=budgets("append", channel), use=Use.PROGRESS)
    close = Way(
        name="close", lanes=budgets("close", channel), use=Use.ENDING, then=(edit,)
    )
    opening = Way(
        name="open",
        lanes=budgets("open", channel),
        use=Use.PROGRESS,
        then=(append, close),
    )
    return (post, opening)


@dataclass(slots=True)
class _Turn:
    screen: Screen
    ways: tuple[Way, ...]
    revision: int = 0
    size: int = 0
    """Characters of the answer."""
    apart: bool = False
    """Whether its message says that the answer will be one of its own."""


@dataclass(slots=True)
class Desk:
    """Shows turns as delivery would.

    Args:
        world: Where they happen.
        kit: Which lanes there are.
        budgets: What they allow.
    """

    world: World
    kit: Kit
    budgets: Budgets
    cpu: float = 0.0
    pacer: Pacer = field(default_factory=Pacer)
    _turns: dict[SurfaceId, _Turn] = field(default_factory=dict[SurfaceId, _Turn])
    _wake: float | None = None

    def __post_init__(self) -> None:
        self.pacer = Pacer(min_interval=self.kit.floor)

    def play(self, screen: Screen) -> None:
        """Let a turn happen."""
        trace = screen.trace
        surface = SurfaceId(trace.name)
        self._turns[surface] = _Turn(
            screen, ways_of(self.kit, self.budgets, trace.name)
        )
        say = partial(self._say, surface)
        at = self.world.at
        at(trace.start, partial(say, 0, Priority.PROGRESS))
        for begun in trace.steps[:-1]:
            for late in BUSTLE:
                at(begun + late, partial(say, 0, Priority.PROGRESS))
        for when, size in trace.said[:-1]:
            at(when, partial(say, size, Priority.PROGRESS))
        at(trace.end, partial(say, trace.size, Priority.FINAL))

    def _say(self, surface: SurfaceId, size: int, priority: Priority) -> None:
        turn = self._turns[surface]
        turn.revision += 1
        turn.size = size
        begun = process_time()
        self.pacer.offer(
            surface,
            turn.revision,
            priority=priority,
            ways=turn.ways,
            size=turn.size,
            now=self.world.now,
        )
        self.cpu += process_time() - begun
        self._ask()

    def _ask(self) -> None:
        begun = process_time()
        plan = self.pacer.plan(self.world.now)
        self.cpu += process_time() - begun
        for send in plan.sends:
            self._send(send)
        if plan.wake_at != self._wake:
            self._wake = plan.wake_at
            if plan.wake_at is not None:
                self.world.at(plan.wake_at, partial(self._woken, plan.wake_at))

    def _woken(self, at: float) -> None:
        if at == self._wake:
            self._wake = None
            self._ask()

    def _send(self, send: Send) -> None:
        turn = self._turns[send.surface]
        call = Call(METHODS[send.way], turn.size)
        if send.way != "final_post":
            turn.apart = send.apart
        self.world.call(turn.screen, call, partial(self._answered, send))

    def _answered(self, send: Send, refused: float | None) -> None:
        turn, now = self._turns[send.surface], self.world.now
        begun = process_time()
        if refused is not None:
            lane = self._refused_lane(send, turn)
            self.pacer.throttled(send.surface, now, retry_after=refused, lane=lane)
        else:
            self.pacer.succeeded(send.surface, now)
            turn.ways = _next_ways(turn.ways, send.way)
        if self.pacer.settled(send.surface) and turn.size >= turn.screen.trace.size:
            self.pacer.forget(send.surface)
            if send.way == "final_post":
                self._leave_over(turn)
            else:
                turn.screen.tidy_at = now
                turn.screen.calm_at = min(turn.screen.calm_at, now)
        self.cpu += process_time() - begun
        self._ask()

    def _refused_lane(self, send: Send, turn: _Turn) -> str | None:
        if METHODS[send.way] is Method.POST:
            return None  # the workspace's or the channel's: nobody says which
        way = next(way for way in turn.ways if way.name == send.way)
        return way.lanes[0].key

    def _leave_over(self, turn: _Turn) -> None:
        """Let the progress message shrink to its summary when there is room."""
        if turn.apart:
            turn.screen.calm_at = self.world.now
        name = SurfaceId(f"{turn.screen.trace.name}/left")
        edit = Way(name="edit", lanes=self.budgets("edit", name))
        self._turns[name] = _Turn(turn.screen, (edit,), revision=1, size=turn.size)
        self.pacer.offer(
            name,
            1,
            priority=Priority.DECORATION if turn.apart else Priority.TIDY,
            ways=(edit,),
            size=0,
            now=self.world.now,
        )


def _next_ways(ways: tuple[Way, ...], taken: str) -> tuple[Way, ...]:
    then = next((way.then for way in ways if way.name == taken), ())
    return then or ways


def shown(
    world: World,
    traces: Sequence[Trace],
    kit: Kit,
    budgets: Budgets,
    *,
    until: float,
) -> tuple[list[Screen], Desk]:
    """Show turns, and return what readers saw."""
    desk = Desk(world, kit, budgets)
    screens = [Screen(trace) for trace in traces]
    for screen in screens:
        desk.play(screen)
    world.run(until)
    return screens, desk
