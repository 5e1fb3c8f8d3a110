"""What an ended turn did, as its ending says, or as its calls say for it."""

from bot.protocol.values import Ledger
from bot.turn.ledger import ledger_of
from bot.turn.state import Call, TurnState

DAMAGED = "degraded"
"""The code of a turn that ended because its log is damaged."""


def ledger_in(state: TurnState) -> Ledger:
    """Return the ending's ledger; older releases wrote none, so it is derived then."""
    ending = state.ending
    if ending and ending.ledger is not None:
        return ending.ledger
    return ledger_of(state, damaged=ending is not None and ending.code == DAMAGED)


def changes_things(call: Call) -> bool:
    """Return whether a ledger counts this call."""
    return call.effect != "read" and not call.handoff_to
