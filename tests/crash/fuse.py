"""Where a worker can be made to die, and what kills it there.

Everything that leaves a worker crosses a *place*: a named transaction, a call of a
platform, a call of the agents. A *charge* names a place, a moment and a count; the
`Fuse` counts the crossings and lets the process die at the one that is charged, as
``kill -9`` does: nothing of it is closed, flushed or handed back.

Places are read from the ports, so a new transaction or platform call is tested
without anybody listing it.
"""

import inspect
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from typing_extensions import override

from bot.ports.agent import Agents
from bot.ports.store import Point
from bot.ports.surface import Platform

Moment: TypeAlias = Literal["before", "after", "unanswered", "mistaken", "paused"]
"""Dead before the commit or the call; dead right after it. Or without dying: it
happened, but its answer is lost on the way; it did not happen, because of a mistake of
ours; it stands still before it (SIGSTOP), until somebody lets it go on."""

POINTS: tuple[str, ...] = get_args(Point)
"""Every named transaction."""


def _coroutines_of(port: type) -> tuple[str, ...]:
    found = inspect.getmembers(port, inspect.iscoroutinefunction)
    return tuple(name for name, _ in found if not name.startswith("_"))


PLATFORM_CALLS = _coroutines_of(Platform)
AGENT_STREAMS = "ask", "summarise"
"""Before their first part, and before their last is told."""
AGENT_CALLS = (*_coroutines_of(Agents), *AGENT_STREAMS)
PLACES: tuple[str, ...] = (
    *POINTS,
    *(f"platform.{name}" for name in PLATFORM_CALLS),
    *(f"agents.{name}" for name in AGENT_CALLS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Which crossing of which place is charged."""

    place: str
    moment: Moment
    nth: int = 1

    @property
    def mark(self) -> str:
        """Name of the file that says that it went off."""
        return f"burnt-{self.place}-{self.moment}-{self.nth}"

    @override
    def __str__(self) -> str:
        """Return it as one word, e.g. ``log.append/after#2``."""
        return f"{self.place}/{self.moment}#{self.nth}"


class Fuse:
    """Counts the crossings of one process; at the charged one it kills the process.

    Args:
        charges: Where; each goes off once.
        folder: Where a file is made when one goes off. Of several processes with the
            same charge only the first to make its file dies.
        trace: A file descriptor to write every crossing to, a line each.
    """

    def __init__(
        self, charges: Sequence[Charge], folder: Path, trace: int | None = None
    ) -> None:
        self._charges = charges
        self._folder = folder
        self._trace = trace
        self._crossed: Counter[tuple[str, Moment]] = Counter()

    @contextmanager
    def crossing(self, place: str, lost: Callable[[], Exception]) -> Generator[None]:
        """Cross ``place`` around the block; ``lost`` says that the answer is lost."""
        self.reach(place, "before")
        yield
        self.reach(place, "after")
        if self._goes_off(place, "unanswered"):
            raise lost()

    def reach(self, place: str, moment: Literal["before", "after"]) -> None:
        """Die here, if this is where a charge is."""
        if self._trace is not None:
            os.write(self._trace, f"{os.getpid()} {place} {moment}\n".encode())
        if self._goes_off(place, moment):
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()
        if moment == "before" and self._goes_off(place, "mistaken"):
            raise RuntimeError(f"a mistake at {place}, made on purpose")
        if moment == "before" and self._goes_off(place, "paused"):
            os.kill(os.getpid(), signal.SIGSTOP)

    def loses(self, place: str) -> bool:
        """Whether the answer of this crossing, which happened, is to be lost."""
        return self._goes_off(place, "unanswered")

    def _goes_off(self, place: str, moment: Moment) -> bool:
        here = [c for c in self._charges if (c.place, c.moment) == (place, moment)]
        if not here:
            return False
        self._crossed[place, moment] += 1
        for charge in here:
            if self._crossed[place, moment] == charge.nth:
                with suppress(FileExistsError):
                    with (self._folder / charge.mark).open("x") as mark:
                        mark.write(str(os.getpid()))
                    return True
        return False
