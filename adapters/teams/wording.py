"""The few sentences that only the Teams adapter says. Everything else is the view's."""

from collections.abc import Sequence

APPROVE = "Approve"
REJECT = "Reject"
REASON = "Reason (optional; the person who asked will read it)"
STOP = "Stop"
CONTINUE = "Continue"
SOURCES = "Sources"
CUT = "Shortened: the rest does not fit into one Teams message."
UNDECIDABLE = "This request is too large to be decided here."
NO_TEXT = "(mentioned without any text)"
EMPTY = "…"
STOPPING = "Stopping."
NOTED = "Noted."
NOT_STORED = (
    "Sorry, I could not take that in: nothing was stored and nothing was started."
    " Please send it again in a minute."
)
NOT_DECIDED = (
    "Nothing was stored, so nothing has been decided. Please try again in a minute."
)
BAD_CARD = "This button cannot be understood any more. Nothing was changed."


def more(count: int) -> str:
    """Return the line that stands for what was left out."""
    return f"… and {count} more"


def attached(names: Sequence[str]) -> str:
    """Return how files that came with a message are told to a model."""
    return f"[attached: {', '.join(names)}]"


def duration(seconds: float) -> str:
    """Return how long something took, e.g. ``0.4 s``, ``12 s``, ``2 min 05 s``."""
    if seconds < 10:  # noqa: PLR2004 - one digit more while it still means something
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
