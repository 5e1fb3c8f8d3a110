"""Text of a reply that streams into an item."""

from bot.engine.runner import Runner
from bot.protocol import events as ev
from bot.protocol.ids import FrameId, ItemId
from bot.protocol.values import ItemKind
from bot.turn.state import CONTINUES

_APART = "\n\n"


class Streamed:
    """Text that grows in one item. Asked again, it is replaced in place.

    That needs the item to be open: what is closed stays as it is. So it is closed only
    by what is kept of a reply that breaks off: a call that is complete, or the end.
    """

    def __init__(
        self,
        runner: Runner,
        frame_id: FrameId,
        item_id: ItemId,
        kind: ItemKind,
    ) -> None:
        self._runner = runner
        self._frame_id = frame_id
        self._first = item_id
        self._item_id = item_id
        self._kind: ItemKind = kind
        self._number = 0
        self._open = False
        self._paused = False
        self.continues = False
        """Whether it goes on with what was cut off in the middle."""

    def add(self, text: str) -> None:
        """Add what was written."""
        if not self._open:
            self._open = True
            self._number += 1
            if self._number > 1:  # more after a call is another piece
                self._item_id = ItemId(f"{self._first}{self._number}")
            self._runner.emit_soon(self._opening())
        elif self._paused:
            self._runner.say(self._item_id, _APART)
        self._paused = False
        self._runner.say(self._item_id, text)

    def pause(self) -> None:
        """Let more of it be a paragraph of its own; a call has begun, and may be void."""
        self._paused = True

    def close(self) -> tuple[ev.TurnEvent, ...]:
        """Return the end of the item, if one is open; what is void goes with it."""
        end = ev.ItemClosed(item_id=self._item_id, status="done")
        if self._open:
            self._open = False
            return (end,)
        if self._number or not self._runner.state.item(self._first):
            return ()
        self._number = 1  # nothing came in the place of what broke off
        return (ev.ItemReplaced(item_id=self._first, text=""), end)

    def _opening(self) -> ev.TurnEvent:
        if self._runner.state.item(self._item_id):
            return ev.ItemReplaced(item_id=self._item_id, text="")
        continues = self.continues and self._number == 1
        return ev.ItemOpened(
            item_id=self._item_id,
            frame_id=self._frame_id,
            kind=self._kind,
            data={CONTINUES: True} if continues else {},
        )
