"""Figures: what was measured, how much it was, and what that is to be held against."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil

_ORDER = ("p50", "p99", "median")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the same run measured for comparison, in the figure's unit."""

    what: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a figure should stay below, or reach."""

    of: str
    """Which of the figure's values; ``ratio``: of its ratio to the baseline."""
    below: float | None = None
    at_least: float | None = None

    def met_by(self, value: float) -> bool:
        """Return whether ``value`` is where it should be."""
        low = self.at_least is None or value >= self.at_least
        return low and (self.below is None or value < self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing."""

    name: str
    unit: str
    values: Mapping[str, float]
    """``median`` of the runs, or ``p50`` and ``p99`` of the samples of each run,
    each the median over the runs."""
    what: str
    """What was measured, in a sentence that needs no other."""
    runs: int = 1
    samples: int = 1
    """In each run."""
    baseline: Baseline | None = None
    aim: Aim | None = None
    notes: Mapping[str, float] = field(default_factory=dict[str, float])
    """What else the same run showed."""
    details: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict[str, Mapping[str, float]]
    )
    """More of it, by whom it is about; in the JSON only."""

    @property
    def ratio(self) -> float | None:
        """Return the median in baselines; ``None`` without one."""
        if self.baseline is None or not self.baseline.value:
            return None
        return middle_of(self.values) / self.baseline.value

    @property
    def met(self) -> bool | None:
        """Return whether the aim is met; ``None`` without one, or without a baseline."""
        if self.aim is None:
            return None
        value = self.ratio if self.aim.of == "ratio" else self.values[self.aim.of]
        return None if value is None else self.aim.met_by(value)


def middle_of(values: Mapping[str, float]) -> float:
    """Return the value that stands for the figure: its median, or its p50."""
    return values["median"] if "median" in values else values["p50"]


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least ``share`` of all do not exceed.

    Always one of the samples: nothing is interpolated between a fast answer and a
    slow one.

    Raises:
        ValueError: There are no samples.
    """
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def median(samples: Sequence[float]) -> float:
    """Return the middle sample; of two, the smaller.

    Raises:
        ValueError: There are no samples.
    """
    return quantile(samples, 0.5)


def spread_over(runs: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return ``p50`` and ``p99`` of each run's samples, each the median of the runs.

    Raises:
        ValueError: A run has no samples, or there is no run.
    """
    return {
        "p50": median([quantile(run, 0.5) for run in runs]),
        "p99": median([quantile(run, 0.99) for run in runs]),
    }


def as_json(figures: Sequence[Figure], circumstances: Mapping[str, object]) -> str:
    """Return everything as one JSON document."""
    documents = [
        {**asdict(figure), "ratio": figure.ratio, "met": figure.met}
        for figure in figures
    ]
    return json.dumps({**circumstances, "figures": documents}, indent=2) + "\n"


def as_table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table, and below it what each of them means."""
    rows = [("FIGURE", "P50", "P99", "MEDIAN", "UNIT", "BASELINE", "RATIO", "AIM")]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = {0, 4, 7}
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", *(_explained(figure) for figure in figures)]) + "\n"


def _row(figure: Figure) -> tuple[str, ...]:
    values = [_number(figure.values.get(name)) for name in _ORDER]
    baseline = figure.baseline.value if figure.baseline else None
    return (
        figure.name,
        *values,
        figure.unit,
        _number(baseline),
        _number(figure.ratio),
        _aim(figure),
    )


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    verdict = {True: "met", False: "MISSED", None: "unknown"}[figure.met]
    aim = figure.aim
    limit = f">= {aim.at_least:g}" if aim.below is None else f"< {aim.below:g}"
    return f"{aim.of} {limit}: {verdict}"


def _explained(figure: Figure) -> str:
    counted = (
        f"{figure.runs} of {figure.samples}" if figure.samples > 1 else figure.runs
    )
    lines = [f"{figure.name}: {figure.what} (n = {counted})"]
    if figure.baseline:
        lines.append(f"  baseline: {figure.baseline.what}")
    if figure.notes:
        noted = (f"{what} {_number(value)}" for what, value in figure.notes.items())
        lines.append(f"  also: {', '.join(noted)}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    """Return three digits that matter, without exponents."""
    if value is None:
        return ""
    if abs(value) >= 100:  # noqa: PLR2004 - three digits
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004
