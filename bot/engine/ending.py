"""Put the ledger into a turn's ending: what it did, did not, and what is unknown."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce

from bot.protocol.events import (
    Recorded,
    TurnCancelled,
    TurnCompleted,
    TurnEvent,
    TurnFailed,
)
from bot.turn.ledger import ledger_of
from bot.turn.reduce import advance
from bot.turn.state import TurnState


def seal(
    state: TurnState, events: Sequence[TurnEvent], at: datetime, *, damaged: bool
) -> list[TurnEvent]:
    """Return ``events`` with the ledger in the one that ends the turn.

    The ledger counts what stands right before the ending: computed any earlier, it
    would miss results that are committed with it.

    Args:
        state: The turn before ``events``.
        events: What is to be committed.
        at: When.
        damaged: Whether events after ``state`` are lost.
    """
    sealed: list[TurnEvent] = []
    for event in events:
        match event:
            case TurnCompleted() | TurnFailed() | TurnCancelled():
                before = folded(state, sealed, at)
                ledger = ledger_of(before, damaged=damaged)
                sealed.append(event.model_copy(update={"ledger": ledger}))
            case _:
                sealed.append(event)
    return sealed


def folded(state: TurnState, events: Sequence[TurnEvent], at: datetime) -> TurnState:
    """Return the state after ``events``, which are not committed yet."""
    recorded = [
        Recorded(turn_id=state.turn_id, seq=state.seq + n, at=at, event=event)
        for n, event in enumerate(events, start=1)
    ]
    return reduce(advance, recorded, state)
