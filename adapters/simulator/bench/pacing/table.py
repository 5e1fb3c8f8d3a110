"""The results as a table, for people."""

from collections.abc import Mapping

from adapters.simulator.bench.pacing.scores import Score

_HEAD = (
    *("WHO", "MEAN s", "P95 s", "FIRST s", "FINAL s", "CALLS", "429s", "INTACT"),
    *("ALIVE s", "UNTIDY s", "JAIN", "CPU ms"),
)


def as_table(
    name: str, scores: Mapping[str, Score], bounds: Mapping[str, float]
) -> str:
    """Return one scenario's results.

    Args:
        name: Of the scenario.
        scores: By who showed the turns.
        bounds: Mean lags that nobody could beat, by what was allowed.
    """
    rows = [(f"{name.upper()}", *_HEAD[1:])]
    rows += [
        (who, f"{seconds:.2f}", *[""] * (len(_HEAD) - 2))
        for who, seconds in bounds.items()
    ]
    rows += [(who, *_cells(score)) for who, score in scores.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(score: Score) -> tuple[str, ...]:
    return (
        f"{score.mean:.2f}",
        f"{score.p95:.2f}",
        f"{score.first:.2f}",
        f"{score.final:.2f}",
        f"{score.calls:.1f}",
        str(score.refusals),
        f"{score.intact:.0%}",
        "" if score.alive is None else f"{score.alive:.2f}",
        "" if score.untidy is None else f"{score.untidy:.0f}",
        f"{score.jain:.2f}",
        "" if score.cpu is None else f"{score.cpu:.0f}",
    )
