"""What a turn did, what it did not, and what nobody can tell. Pure.

Reading changes nothing, and a hand-off is only as much as the calls that came of it:
neither is in the ledger.
"""

from typing import Literal

from bot.protocol.values import Ledger, LedgerEntry
from bot.turn.state import Call, TurnState

_Side = Literal["did", "did_not", "unknown"]


def ledger_of(state: TurnState, *, damaged: bool = False) -> Ledger:
    """Return the ledger of a turn, each side in the order of the requests.

    Args:
        state: The turn, ended or about to end.
        damaged: Whether events after this state are lost. Then a call that this
            state does not know as settled may have been started since.
    """
    sides: dict[_Side, list[LedgerEntry]] = {"did": [], "did_not": [], "unknown": []}
    for call in state.calls:
        if call.effect != "read" and not call.handoff_to:
            side = "unknown" if damaged and not call.settled else _side_of(call)
            sides[side].append(_entry(call))
    return Ledger(**{side: tuple(entries) for side, entries in sides.items()})


def _side_of(call: Call) -> _Side:
    match call.status:
        case "requested" | "waiting" | "authorized" | "denied":
            return "did_not"
        case "started":
            return "unknown"
        case "finished":
            assert call.outcome is not None, "a finished call has an outcome"
            sides: dict[str, _Side] = {"done": "did", "failed": "did_not"}
            return sides.get(call.outcome, "unknown")


def _entry(call: Call) -> LedgerEntry:
    return LedgerEntry(
        call_id=call.call_id,
        tool=call.name,
        title=call.title,
        reference=call.reference,
    )
