"""Messages whose ending was a message of its own are all shortened in the end."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.habits import LULL
from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority, Send
from bot.pacing.shares import LaneAccount
from bot.pacing.way import Use, Way
from bot.protocol.ids import SurfaceId

EDITS, MINUTE = 20, 60.0
RESERVE = 0.2
LOOK = 0.5
"""Seconds between two exchanges with the other replicas."""


@dataclass(slots=True, kw_only=True)
class Shell:
    """Shows turns that end by posts while edits are scarce; answers come at once."""

    shared: bool
    pacer: Pacer = field(init=False)
    now: float = 1_000.0
    revision: int = 0
    apart: set[SurfaceId] = field(default_factory=set[SurfaceId])
    """Whose message says that another one will end it."""
    left: set[SurfaceId] = field(default_factory=set[SurfaceId])
    """Whose message was left behind."""
    accounts: dict[str, LaneAccount] = field(default_factory=dict[str, LaneAccount])

    def __post_init__(self) -> None:
        self.pacer = Pacer(alone=not self.shared)

    def offer(self, surface: SurfaceId, priority: Priority, *ways: Way) -> None:
        self.revision += 1
        self.pacer.offer(
            surface,
            self.revision,
            priority=priority,
            ways=ways or None,
            size=self.revision,
            now=self.now,
        )

    def show(self) -> None:
        for lane, request in self.pacer.sharing.asks(self.now).items():
            account = self.accounts.get(lane, LaneAccount())
            self.accounts[lane], part = account.exchange(
                "me", request.ask, request.windows, self.now
            )
            self.pacer.sharing.give(lane, request.ask, part, self.now)
        for send in self.pacer.plan(self.now).sends:
            self.send(send)

    def send(self, send: Send) -> None:
        if send.way != "apart":
            self.pacer.succeeded(send.surface, self.now)
            (self.apart.add if send.apart else self.apart.discard)(send.surface)
            return
        self.pacer.handed_over(send.surface, self.now)
        said = send.surface in self.apart
        rest = Priority.DECORATION if said else Priority.TIDY
        self.left.add(send.surface)
        self.offer(send.surface, rest, self.edit)
        answer = SurfaceId(f"answer to {send.surface}")
        self.offer(answer, Priority.FINAL, Way(name="post", lanes=self.posts))

    @property
    def posts(self) -> tuple[Lane, ...]:
        return (Lane(key="posts", windows=(Window(300, MINUTE),), shared=self.shared),)

    @property
    def edit(self) -> Way:
        window = Window(EDITS, MINUTE)
        lane = Lane(key="e", windows=(window,), reserve=RESERVE, shared=self.shared)
        return Way(name="edit", lanes=(lane,))

    @property
    def post(self) -> Way:
        fresh = Way(name="apart", lanes=self.posts, use=Use.ENDING)
        return Way(name="post", lanes=self.posts, then=(self.edit, fresh))


def played(live: int, times: int, *, shared: bool) -> Shell:
    """Return how things stand when so many turns at once have ended so many times."""
    shell = Shell(shared=shared)
    for crowd in range(times):
        turns = [SurfaceId(f"{crowd}.{number}") for number in range(live)]
        for turn in turns:
            shell.offer(turn, Priority.PROGRESS, shell.post)
        for _ in range(16):
            shell.show()
            shell.now += LOOK
            for turn in turns:
                shell.offer(turn, Priority.PROGRESS)
        for turn in turns:
            shell.offer(turn, Priority.FINAL)
        shell.show()
    return shell


@given(live=st.integers(1, 30), times=st.integers(1, 6), shared=st.booleans())
@settings(max_examples=25, deadline=None)
def test_when_nobody_comes_any_more_all_that_was_left_behind_is_shortened(
    live: int, times: int, *, shared: bool
) -> None:
    shell = played(live, times, shared=shared)
    minutes = 2 + live * times / (EDITS * (1 - RESERVE) - 1)
    until = shell.now + LULL + MINUTE * minutes
    while not shell.pacer.idle and shell.now < until:
        shell.now += LOOK
        shell.show()
    assert shell.pacer.idle, f"{len(shell.left)} were left behind"


def test_what_a_crowd_leaves_behind_waits_for_room() -> None:
    """Else the property above would say nothing."""
    shell = played(30, 3, shared=False)
    assert len(shell.left) > EDITS
    assert not shell.pacer.idle
