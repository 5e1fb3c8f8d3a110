"""What turns say, and when."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random

SILENCE = 0.4
"""Seconds until the first tool step."""
STEPS = 3
STEP = (1.0, 4.0)
"""Seconds that a tool step takes."""
TOKENS = 350
RATE = 60.0
"""Tokens a second."""
TOKEN = (1, 7)
"""Characters of a token: 4 on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One turn as it happens."""

    name: str
    start: float
    """Seconds since the beginning of the scenario."""
    steps: tuple[float, ...]
    """When each step begins; the last entry is when the answer does."""
    said: tuple[tuple[float, int], ...]
    """For each token: when, and how many characters the answer has with it."""

    @property
    def end(self) -> float:
        """When the last token was said."""
        return self.said[-1][0]

    @property
    def size(self) -> int:
        """Characters of the whole answer."""
        return self.said[-1][1]


def trace(name: str, start: float, random: Random, *, pace: float = 1.0) -> Trace:
    """Return a turn that begins at ``start``.

    Args:
        name: Of the turn.
        start: Seconds.
        random: Decides about steps and tokens.
        pace: How many times as long as usual its answer is.
    """
    begun = start + SILENCE
    steps = list(
        accumulate((random.uniform(*STEP) for _ in range(STEPS)), initial=begun)
    )
    count = round(TOKENS * pace)
    sizes = accumulate(random.randint(*TOKEN) for _ in range(count))
    said = tuple((steps[-1] + number / RATE, size) for number, size in enumerate(sizes))
    return Trace(name=name, start=start, steps=tuple(steps), said=said)


def at_once(turns: int, seed: int, *, pace: float = 1.0) -> list[Trace]:
    """Return turns that all begin at the same moment."""
    random = Random(f"at once {seed}")  # noqa: S311 - a trace, not a secret
    return [trace(f"t{n}", 0.0, random, pace=pace) for n in range(turns)]


LIFE = SILENCE + STEPS * sum(STEP) / 2 + TOKENS / RATE
"""Seconds that a turn lasts on average."""


def steadily(per_second: float, seconds: float, seed: int) -> list[Trace]:
    """Return turns that begin at random moments (Poisson) for so long."""
    random = Random(f"steadily {seed}")  # noqa: S311 - a trace, not a secret
    found: list[Trace] = []
    at = random.expovariate(per_second)
    while at < seconds:
        found.append(trace(f"t{len(found)}", at, random))
        at += random.expovariate(per_second)
    return found
