"""The few sentences that only Slack's own surface needs."""

NOT_A_COMMAND = (
    "I work in threads, so nothing was started. Write to me in a direct message, "
    "or mention me in a channel."
)
CLICK_AGAIN = (
    "Slack did not open the form in time. Nothing was changed. Please try again."
)
REASON_MISSING = "Please say why, so that the person knows what to do next."
NOT_TAKEN = "This was not taken. Nothing was changed."
NO_TEXT = "(mentioned without any text)"

MODAL_TITLE = "Reject request"
MODAL_SUBMIT = "Reject"
MODAL_CLOSE = "Back"
MODAL_LABEL = "Why?"
MODAL_HINT = "The person who asked will read this."

APPROVE = "Approve"
REJECT = "Reject"
STOP = "Stop"
CONTINUE = "Continue"

CUT = "… (shortened to fit into one Slack message)"
UNDECIDABLE = "This request is too large to be decided here."
EMPTY = "—"

STATUSES = {
    "processing": "is working on it…",
    "suspended": "is waiting for a decision",
    "active": "",
}
"""Behind the bot's name, where Slack has no words of its own."""


def more(count: int, what: str) -> str:
    """Return the line that stands for what is not shown."""
    return f"… and {count} more {what}"


def attached(names: list[str]) -> str:
    """Return how files that came with a message are told to a model."""
    return "[attached: " + ", ".join(names) + "]"
