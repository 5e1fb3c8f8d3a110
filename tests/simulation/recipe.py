"""What one seed makes of the world: how many bots, who writes, and what goes wrong.

A seed switches whole kinds of trouble off and makes others frequent. Worlds in which
everything goes wrong a little find fewer mistakes than worlds that differ.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, TypeVar, get_args

from tests.simulation.faults import CALM, StoreFaults

_T = TypeVar("_T")

Mishap: TypeAlias = Literal["kill", "pause", "drain", "store", "skew", "night"]
"""What befalls bots: killed, standing still, told to drain, without a database, their
clock wrong, or all of them dead for an hour."""

ToolTrouble: TypeAlias = Literal[
    "refuses", "raises", "lost", "answer lost", "hangs", "hangs after", "late"
]
"""What becomes of one run of a tool. ``late``: the request is given up on and arrives
all the same."""
PlatformTrouble: TypeAlias = Literal["throttle", "lost", "answer lost", "late", "error"]
"""What becomes of one call to a platform. ``late`` as above."""
StreamUse: TypeAlias = Literal["", "spare", "needed"]
"""Whether platforms have native streams. ``needed``: they allow few edits beside."""

NEVER = 1e9
"""Seconds; longer than any simulation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The world of one seed. Chances are from 0 to 1, times in seconds."""

    seed: int
    bots: int
    threads: int
    messages: int
    """How often somebody starts to say something."""
    pause: float
    """Mean time between two things that people do."""
    mishaps: tuple[tuple[Mishap, float], ...]
    """What befalls bots, each with its weight."""
    mishap_every: float
    """Mean time between two mishaps."""
    skew: float
    """How far clocks may be off."""
    store: StoreFaults
    """How the database fails, besides going away as a mishap."""
    model_trouble: float
    """Chance that one reply stalls, breaks off or is nonsense."""
    tool_trouble: float
    """Chance that one run of a tool raises, hangs or loses its answer."""
    tool_troubles: tuple[ToolTrouble, ...]
    platform_trouble: float
    """Chance that one call to a platform is throttled, refused or left unanswered."""
    platform_troubles: tuple[PlatformTrouble, ...]
    narrow: bool
    """Whether platforms allow so little that everything has to wait."""
    deleting: float
    """Chance that somebody deletes one of the bot's messages instead of writing."""
    rash: float
    """Chance that somebody presses what they should not, or presses it twice."""
    approvals: float
    """Chance that a call with an effect needs somebody's approval."""
    brief: float
    """Chance that a turn is one short answer."""
    shuffle: float
    streams: StreamUse = ""
    reminds: float = 0.0
    """Chance that a stage of an approval reminds who has not decided."""


_MISHAPS: tuple[tuple[Mishap, float], ...] = (
    ("kill", 4.0),
    ("pause", 4.0),
    ("drain", 2.0),
    ("store", 2.0),
    ("skew", 2.0),
    ("night", 0.3),
)
_TOOL_TROUBLES: tuple[ToolTrouble, ...] = get_args(ToolTrouble)
_PLATFORM_TROUBLES: tuple[PlatformTrouble, ...] = get_args(PlatformTrouble)
DENSE = 0.7
"""Share of the worlds in which much is said and little is done: turns are cheap there."""


def recipe_of(seed: int, *, messages: int = 6) -> Recipe:
    """Return the world that a seed stands for.

    Args:
        seed: Which.
        messages: How much people have to say, about.
    """
    random = Random(f"recipe {seed}")

    def maybe(chance: float, low: float, high: float) -> float:
        return random.uniform(low, high) if random.random() < chance else 0.0

    def some(kinds: tuple[_T, ...]) -> tuple[_T, ...]:
        count = random.choice((1, 2, len(kinds)))
        return tuple(random.sample(kinds, count))

    dense = random.random() < DENSE
    mishaps: tuple[tuple[Mishap, float], ...] = tuple(
        (kind, weight) for kind, weight in _MISHAPS if random.random() < 0.6
    )
    return Recipe(
        seed=seed,
        bots=random.choice((1, 2, 3, 3)),
        threads=random.choice((1, 2, 3)),
        messages=max(1, messages + random.randint(-2, 2)) * (5 if dense else 1),
        pause=random.choice((0.5, 2.0, 6.0)),
        mishaps=mishaps,
        mishap_every=random.choice((3.0, 8.0, 20.0)) if mishaps else NEVER,
        skew=maybe(0.5, 1.0, 300.0),
        store=CALM
        if random.random() < 0.3
        else StoreFaults(
            statement=maybe(0.3, 0.001, 0.01),
            slow=maybe(0.3, 0.002, 0.02),
            commit_refused=maybe(0.4, 0.005, 0.05),
            commit_unknown=maybe(0.4, 0.005, 0.05),
            notice_lost=random.choice((0.0, 0.0, 0.3, 1.0)),
            listener_cut=maybe(0.3, 0.01, 0.2),
        ),
        model_trouble=maybe(0.6, 0.02, 0.3),
        tool_trouble=maybe(0.7, 0.05, 0.5),
        tool_troubles=some(_TOOL_TROUBLES),
        platform_trouble=maybe(0.6, 0.02, 0.4),
        platform_troubles=some(_PLATFORM_TROUBLES),
        narrow=random.random() < 0.25,
        deleting=maybe(0.3, 0.05, 0.2),
        rash=maybe(0.6, 0.1, 0.6),
        approvals=random.choice((0.0, 0.2, 0.5)),
        brief=0.85 if dense else 0.2,
        shuffle=random.choice((0.0, 0.3, 1.0)),
        # Drawn last: what else a seed stands for is as it was before there were any.
        streams=random.choice(("", "", "spare", "needed")),
        reminds=random.choice((0.0, 0.5)),
    )
