"""What is said back to whoever presses a button: at once, and to nobody else.

A sentence says whether the press counts, and what happens now. What messages say is
in `bot.view.wording`.
"""

from typing import Literal

from bot.turn.state import Approval

# -------------------------------------------------------------------- decisions

CLICK_UNKNOWN = "I do not know this request any more, so nothing was decided."
CLICK_NOT_ENTITLED = (
    "You were not asked to decide this, so your click changed nothing. "
    "The people who can are named on the card."
)
CLICK_LEFT = (
    "Your time here is over according to the directory, so your click changed nothing. "
    "Please ask your IT team if that is wrong."
)
CLICK_STALE = (
    "The request has changed since this card was shown, so nothing was decided. "
    "Please look at the new card and decide there."
)
CLICK_TIME_OVER = (
    "The time for this decision is over, so your click changed nothing. "
    "It goes on with others, or has to be asked for again."
)
CLICK_ALREADY = "Your decision was taken before, or others decide now. Nothing changed."


def click_taken(verdict: Literal["approved", "rejected"]) -> str:
    """Say that a click counts."""
    if verdict == "approved":
        return "Recorded: you approved. I carry on now."
    return "Recorded: you rejected. I tell the person who asked."


def click_too_late(approval: Approval, status: str) -> str:
    """Say that a request had been settled before the click, and by whom."""
    verdict = "" if status == "open" else f" ({status})"
    ruled = [r for r in approval.rulings if r.verdict == status]
    by = f" by {ruled[-1].by_name}" if ruled and ruled[-1].by_name else ""
    return f"This was already decided{by}{verdict}. Your click changed nothing."


# ------------------------------------------------------------------------- stop

STOP_TAKEN = "Stopping. What is done stays done; nothing new is started."
STOP_UNKNOWN = "There is nothing left to stop: this has ended already."
STOP_NOT_YOURS = "Only the person who asked can stop this. It goes on."

# --------------------------------------------------------------------- continue

CONTINUE_SAID = "Please go on exactly where your last answer stopped."
"""What somebody who presses Continue has said: a new turn begins with it."""
CONTINUE_TAKEN = "I go on. It comes as a new message."
CONTINUE_UNKNOWN = "There is nothing to go on with here. Please just write to me."
CONTINUE_PASSED = (
    "Something was said here since, so I do not go on with that answer. "
    "Please write what you still need."
)
CONTINUE_NOT_YOURS = "Only the person who asked can let me go on with this."
