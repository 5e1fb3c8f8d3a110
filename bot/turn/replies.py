"""What the newest reply of a frame's model leads to. Pure.

A reply with calls is followed by another question once they are settled, and one that
only speaks ends the frame. The rest are replies that are no end: cut off by their
length, paused, empty, or with calls that make no sense. Each is followed by another
question a few times, and then it is told why not again.
"""

from collections.abc import Callable

from bot.turn.state import Frame, Reply, TurnState

CONTINUED = 3
"""How often a reply that its length cut off is gone on with."""
CORRECTED = 1
"""How often an agent may correct calls that made no sense."""
EMPTY = 1
"""How often somebody who said nothing is asked again."""


def is_cut_off(reply: Reply) -> bool:
    """Return whether the reply's length ended it in the middle of what it said."""
    return reply.stop_reason == "max_tokens" and not reply.calls


def is_empty(reply: Reply) -> bool:
    """Return whether the reply ended and said nothing at all."""
    ended = reply.stop_reason in {"end_turn", "tool_use"}
    return ended and not reply.calls and not reply.text.strip()


def must_ask(frame: Frame) -> bool:
    """Return whether the newest reply, all its calls settled, wants another question."""
    newest = frame.replies[-1]
    paused = newest.stop_reason == "pause_turn"
    return bool(newest.calls) or paused or is_cut_off(newest) or is_empty(newest)


def why_not_again(state: TurnState, frame: Frame) -> str:
    """Return why the frame cannot go on from its newest reply; empty: it can.

    A key of `bot.view.failures`.
    """
    newest = frame.replies[-1]
    if newest.stop_reason == "refusal":
        return "refusal"
    if _trailing(frame, is_cut_off) > CONTINUED:
        return "length"
    if _trailing(frame, is_empty) > EMPTY:
        return "empty"
    malformed = {call.call_id for call in state.calls if call.malformed}
    if (
        _trailing(frame, lambda reply: not malformed.isdisjoint(reply.calls))
        > CORRECTED
    ):
        return "arguments"
    return ""


def can_continue(state: TurnState) -> bool:
    """Return whether another turn may go on with what this one was saying."""
    return (
        state.ending is not None
        and state.ending.code == "length"
        and state.address is not None
    )


def _trailing(frame: Frame, holds: Callable[[Reply], bool]) -> int:
    """Return of how many of the newest replies, without a gap, something holds."""
    count = 0
    for reply in reversed(frame.replies):
        if not holds(reply):
            break
        count += 1
    return count
