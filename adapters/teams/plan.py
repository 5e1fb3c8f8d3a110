"""How much of everything a card shows, so that all of it fits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything but the answer is shown; lengths in characters."""

    line: int
    """Titles, labels, notices' lines."""
    prose: int
    """Details, statuses and values, which may take several lines."""
    rows: int
    """Steps, and facts of one request or result."""
    blocks: int
    """Requests, results, notices and sources, each."""
