"""Read a log from which the pieces of text were removed. Pure.

The last snapshot has every item's whole text. Put back as one event each, where its
pieces were, the log folds to the same state as before; only in how many pieces the
text came is lost.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.protocol.events import (
    ItemAppended,
    ItemClosed,
    ItemOpened,
    ItemReplaced,
    Recorded,
)
from bot.protocol.ids import ItemId
from bot.turn.state import TurnState


def refill(rows: Sequence[Recorded], last: TurnState) -> list[Recorded]:
    """Return the log without gaps.

    Args:
        rows: What compaction left, in order.
        last: The turn's last snapshot.
    """
    kept = {row.seq: row for row in rows}
    free = [seq for seq in range(1, last.seq + 1) if seq not in kept]
    texts: dict[int, ItemReplaced] = {}
    for item_id, opened, closed in _lives(rows, last.seq + 1):
        item = last.item(item_id)
        place = next((s for s in free if opened < s < closed and s not in texts), None)
        if item and place:
            texts[place] = ItemReplaced(item_id=item_id, text=item.text)
    full: list[Recorded] = []
    at = last.started_at
    for seq in range(1, last.seq + 1):
        row = kept.get(seq)
        at = row.at if row else at
        full.append(row or _piece(last, seq, at, texts.get(seq)))
    return full


def _lives(rows: Sequence[Recorded], end: int) -> list[tuple[ItemId, int, int]]:
    """Return each item with the numbers between which its text came.

    Those that closed first come first, so that each finds a place of its own.
    """
    opened: dict[ItemId, int] = {}
    closed: dict[ItemId, int] = {}
    for row in rows:
        match row.event:
            case ItemOpened(item_id=item_id):
                opened.setdefault(item_id, row.seq)
            case ItemClosed(item_id=item_id):
                closed.setdefault(item_id, row.seq)
            case _:
                pass
    lives = [(one, at, closed.get(one, end)) for one, at in opened.items()]
    return sorted(lives, key=lambda life: life[2])


def _piece(
    last: TurnState, seq: int, at: datetime | None, text: ItemReplaced | None
) -> Recorded:
    assert at is not None, "a turn in the log has begun"
    event = text or ItemAppended(item_id=ItemId(""), text="")
    return Recorded(turn_id=last.turn_id, seq=seq, at=at, event=event)
