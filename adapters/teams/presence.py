"""When to say that the bot is typing. Pure."""

from adapters.teams import limits


def typing_due(
    *, waited: float, since_typing: float | None, anything_shown: bool
) -> bool:
    """Return whether "is typing" says something new.

    Only before the first visible message of a turn: afterwards that message says more.

    Args:
        waited: Seconds since the person wrote.
        since_typing: Seconds since it was last said; ``None``: not yet.
        anything_shown: Whether a message of the turn is visible.
    """
    if anything_shown or waited < limits.TYPING_AFTER:
        return False
    return since_typing is None or since_typing >= limits.TYPING_EVERY
