"""How well readers were served."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from adapters.simulator.bench.figures import quantile
from adapters.simulator.bench.pacing.world import Screen

NEVER = 120.0
"""Seconds that a character is charged which nobody ever sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one policy did in one scenario."""

    mean: float
    """Seconds from said to visible, over all characters."""
    p95: float
    first: float
    """Median seconds from the turn's start to anything that is visible."""
    final: float
    """p95 of the seconds from the last token until the whole answer is visible."""
    calls: float
    """To the platform, per turn."""
    refusals: int
    """429s."""
    intact: float
    """Share of the answers that were shown whole."""
    jain: float
    """Jain's index of the turns' mean lags: 1 when all are served alike."""
    cpu: float | None = None
    """Milliseconds of CPU that deciding took, per 1,000 tokens."""
    alive: float | None = None
    """p95 of the seconds from the last token until no message says any more that the
    turn is worked on, if that was looked at."""
    untidy: float | None = None
    """The same until every message is as it stays."""


def score(screens: Sequence[Screen], refusals: int, cpu: float | None = None) -> Score:
    """Return how well readers were served.

    Args:
        screens: What they saw of each turn.
        refusals: 429s in all.
        cpu: Seconds in all, if that was measured.
    """
    lags = [_lags(screen) for screen in screens]
    means = [_mean(of_turn) for of_turn in lags]
    everything = [lag for of_turn in lags for lag in of_turn]
    tokens = sum(len(screen.trace.said) for screen in screens)
    return Score(
        mean=_mean(everything),
        p95=_weighted_quantile(everything, 0.95),
        first=quantile([_first(screen) for screen in screens], 0.5),
        final=quantile([_final(screen) for screen in screens], 0.95),
        calls=fmean(screen.calls for screen in screens),
        refusals=refusals,
        intact=fmean(_final(screen) < NEVER for screen in screens),
        jain=jain(means),
        alive=_quiet([screen.calm_at for screen in screens], screens),
        untidy=_quiet([screen.tidy_at for screen in screens], screens),
        cpu=None if cpu is None else cpu * 1e6 / tokens,
    )


def jain(values: Sequence[float]) -> float:
    """Return Jain's fairness index: between 1/n and 1.

    Source: https://arxiv.org/abs/cs/9809099
    """
    return fmean(values) ** 2 / fmean(value * value for value in values)


def _lags(screen: Screen) -> list[tuple[float, int]]:
    """Return the lag of each token, and how many characters it has."""
    lags: list[tuple[float, int]] = []
    shown = sorted(screen.shown)
    number, before = 0, 0
    for said_at, size in screen.trace.said:
        while number < len(shown) and shown[number][1] < size:
            number += 1
        seen_at = shown[number][0] if number < len(shown) else said_at + NEVER
        lags.append((min(NEVER, seen_at - said_at), size - before))
        before = size
    return lags


def _mean(lags: Sequence[tuple[float, int]]) -> float:
    return sum(lag * size for lag, size in lags) / sum(size for _, size in lags)


def _weighted_quantile(lags: Sequence[tuple[float, int]], share: float) -> float:
    below = share * sum(size for _, size in lags)
    for lag, size in sorted(lags):
        below -= size
        if below <= 0:
            return lag
    return NEVER


def _first(screen: Screen) -> float:
    seen = min((at for at, _ in screen.shown), default=screen.trace.start + NEVER)
    return seen - screen.trace.start


def _quiet(times: Sequence[float], screens: Sequence[Screen]) -> float | None:
    if all(at == inf for at in times):
        return None
    ends = [screen.trace.end for screen in screens]
    since = [max(0.0, at - end) for at, end in zip(times, ends, strict=True)]
    return quantile([min(NEVER, seconds) for seconds in since], 0.95)


def _final(screen: Screen) -> float:
    seen = [at for at, upto in screen.shown if upto >= screen.trace.size]
    return min(NEVER, min(seen) - screen.trace.end) if seen else NEVER
