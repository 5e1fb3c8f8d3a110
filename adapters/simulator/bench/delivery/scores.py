"""How well the readers of one cell of the benchmark were served."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from adapters.simulator.bench.delivery.readers import Reader, Readers
from adapters.simulator.bench.figures import quantile
from adapters.simulator.bench.pacing.scores import NEVER, Score, score
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.pacing.world import Screen

_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One turn as it went: who read it, and when it was said."""

    reader: Reader
    trace: Trace
    begun: float
    """When it was asked, in Unix seconds."""
    answered: float
    """When its answer began."""

    def screen(self) -> Screen:
        """Return what its reader saw, in seconds since the question."""
        late = self.answered - self.begun - self.trace.steps[-1]
        sizes = self.reader.answer.sizes()
        said = tuple(
            (at + late, size)
            for (at, _), size in zip(self.trace.said, sizes, strict=True)
        )
        shown = [(at - self.begun, upto) for at, upto in self.reader.shown]
        return Screen(replace(self.trace, start=0.0, said=said), shown)

    def waited(self) -> float:
        """Return the seconds from the last token until the end was there to see."""
        ended = self.reader.ended
        end = self.answered + self.trace.end - self.trace.steps[-1]
        return NEVER if ended is None else min(NEVER, ended - end)

    def alive(self) -> float:
        """Return the seconds from the last token until no message looked alive."""
        if self.reader.alive:
            return NEVER
        end = self.answered + self.trace.end - self.trace.steps[-1]
        return max(0.0, (self.reader.calm_at or end) - end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one way to show turns did with so many of them at once."""

    score: Score
    """Its ``final`` is the p95 until the whole text is there, its end or not."""
    ended: float
    """p50 of the seconds from the last token until the message says that it is over."""
    ended_p95: float
    correct: float
    """Share of the answers that stand whole and in order in the end."""
    alive: float
    """p95 of the seconds from the last token until no message says that somebody is at
    work; `NEVER` where one still did when nobody looked any more."""


def judged(played: Sequence[Played], readers: Readers, cpu: float | None) -> Outcome:
    """Return how well readers were served.

    Args:
        played: All turns.
        readers: Who watched them.
        cpu: Seconds of CPU that the process used for them, if that is known.
    """
    waited = [turn.waited() for turn in played]
    screens = [turn.screen() for turn in played]
    base = score(screens, readers.refusals, cpu)
    return Outcome(
        score=replace(base, calls=readers.calls / len(played)),
        ended=quantile(waited, 0.5),
        ended_p95=quantile(waited, 0.95),
        correct=fmean(turn.reader.correct for turn in played),
        alive=quantile([turn.alive() for turn in played], 0.95),
    )
