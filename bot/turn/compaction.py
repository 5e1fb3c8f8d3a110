"""Read a log from which the pieces of text were removed. Pure.

The last snapshot has every item's whole text. Put back as one event each, where its
pieces were, the log folds to the same state as before; only in how many pieces the
text came is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.protocol.events import (
    ItemAppended,
    ItemClosed,
    ItemOpened,
    ItemReplaced,
    Recorded,
    ToolRequested,
)
from bot.protocol.ids import ItemId
from bot.turn.state import TurnState


def without_text(rows: Sequence[Recorded]) -> list[Recorded]:
    """Return what compaction leaves of a log."""
    text = ItemAppended | ItemReplaced
    return [row for row in rows if not isinstance(row.event, text)]


def refill(rows: Sequence[Recorded], last: TurnState) -> list[Recorded]:
    """Return the log without gaps.

    Args:
        rows: What compaction left, in order.
        last: The turn's last snapshot.
    """
    kept = {row.seq: row for row in rows}
    free = [seq for seq in range(1, last.seq + 1) if seq not in kept]
    texts: dict[int, ItemReplaced] = {}
    for life in _lives(rows, last.seq + 1):
        item = last.item(life.item_id)
        if item is None or item.text == life.text:
            continue  # nothing was ever added to it
        inside = (s for s in free if life.opened < s < life.closed and s not in texts)
        if place := next(inside, None):
            texts[place] = ItemReplaced(item_id=life.item_id, text=item.text)
    full: list[Recorded] = []
    at = last.started_at
    for seq in range(1, last.seq + 1):
        row = kept.get(seq)
        at = row.at if row else at
        full.append(row or _piece(last, seq, at, texts.get(seq)))
    return full


@dataclass(slots=True, kw_only=True)
class _Life:
    """An item, with the numbers between which its text came."""

    item_id: ItemId
    opened: int
    closed: int
    text: str
    """What it was opened with."""


def _lives(rows: Sequence[Recorded], end: int) -> list[_Life]:
    """Return the items' lives. Those that closed first come first.

    So each finds a place of its own: whoever closes later has the later ones too.
    """
    lives: dict[ItemId, _Life] = {}
    for row in rows:
        match row.event:
            case ItemOpened(item_id=item_id, text=text) if item_id not in lives:
                lives[item_id] = _Life(
                    item_id=item_id, opened=row.seq, closed=end, text=text
                )
            case ToolRequested(item_id=item_id) if item_id not in lives:
                lives[item_id] = _Life(
                    item_id=item_id, opened=row.seq, closed=end, text=""
                )
            case ItemClosed(item_id=item_id) if item_id in lives:
                lives[item_id].closed = min(row.seq, lives[item_id].closed)
            case _:
                pass
    return sorted(lives.values(), key=lambda life: life.closed)


def _piece(
    last: TurnState, seq: int, at: datetime | None, text: ItemReplaced | None
) -> Recorded:
    assert at is not None, "a turn in the log has begun"
    event = text or ItemAppended(item_id=ItemId(""), text="")
    return Recorded(turn_id=last.turn_id, seq=seq, at=at, event=event)
