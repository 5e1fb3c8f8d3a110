"""How often a simulated store fails, and how."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFaults:
    """Rates, each from 0 (never) to 1 (always), and times in seconds."""

    delay: tuple[float, float] = (0.0003, 0.003)
    """How long a request or an answer is on its way; see `SimLoop.latency`."""
    statement: float = 0.0
    """The connection is cut before a statement runs."""
    slow: float = 0.0
    """A statement takes `slow_for` before it runs."""
    slow_for: tuple[float, float] = (0.5, 5.0)
    commit_refused: float = 0.0
    """A commit is rolled back instead; its owner is told so."""
    commit_unknown: float = 0.0
    """A commit happens and its answer is lost."""
    notice_lost: float = 0.0
    """A notification does not reach a listener."""
    listener_cut: float = 0.0
    """A listener's connection breaks instead of bringing a notification."""
    outage_every: float = 0.0
    """Mean time from one outage of the whole database to the next; 0 for none."""
    outage_for: tuple[float, float] = (0.5, 8.0)


CALM = StoreFaults()
"""Nothing fails."""
