"""What one size of the benchmark came to, as a table for people and as plain values."""

from collections.abc import Mapping

from adapters.simulator.bench.delivery.scores import Outcome

_HEAD = (
    *("MEAN s", "P95 s", "FIRST s", "END p50", "END p95", "CALLS", "429s", "CORRECT"),
    *("ALIVE p95", "JAIN", "CPU ms"),
)


def as_table(
    name: str, outcomes: Mapping[str, Outcome], bounds: Mapping[str, float]
) -> str:
    """Return how all did.

    Args:
        name: Of the platform and how many turns there were.
        outcomes: By who showed the turns.
        bounds: Mean lags that nobody could beat, by what was allowed.
    """
    rows = [(name.upper(), *_HEAD)]
    rows += [
        (who, f"{lag:.2f}", *[""] * (len(_HEAD) - 1)) for who, lag in bounds.items()
    ]
    rows += [(who, *_cells(outcome)) for who, outcome in outcomes.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_values(outcome: Outcome) -> dict[str, float]:
    """Return everything that one way came to, by what it is."""
    score = outcome.score
    return {
        "mean lag": score.mean,
        "p95 lag": score.p95,
        "first visible, median": score.first,
        "last token to end, p50": outcome.ended,
        "last token to end, p95": outcome.ended_p95,
        "calls a turn": score.calls,
        "429s": float(score.refusals),
        "share correct": outcome.correct,
        "looks alive, p95": outcome.alive,
        "Jain index": score.jain,
        "CPU ms per 1,000 tokens": score.cpu or 0.0,
    }


def _cells(outcome: Outcome) -> tuple[str, ...]:
    score = outcome.score
    return (
        f"{score.mean:.2f}",
        f"{score.p95:.2f}",
        f"{score.first:.2f}",
        f"{outcome.ended:.2f}",
        f"{outcome.ended_p95:.2f}",
        f"{score.calls:.1f}",
        str(score.refusals),
        f"{outcome.correct:.0%}",
        f"{outcome.alive:.2f}",
        f"{score.jain:.2f}",
        "" if score.cpu is None else f"{score.cpu:.0f}",
    )
