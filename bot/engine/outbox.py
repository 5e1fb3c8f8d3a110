"""Events on their way to the log: in one order, cut where a commit must end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.engine.log import Also
from bot.protocol.events import (
    ApprovalRequested,
    FrameClosed,
    ItemAppended,
    TurnCancelled,
    TurnCompleted,
    TurnEvent,
    TurnFailed,
    TurnParked,
)
from bot.protocol.ids import ItemId


@dataclass(slots=True)
class Outgoing:
    """What is to be committed together, and who waits for it."""

    events: tuple[TurnEvent, ...] = ()
    """Without any, nothing is written: it only waits for what was put before it."""
    also: Also | None = None
    done: asyncio.Future[None] | None = None
    spoken: bool = False
    """Whether it only means something while an agent can still hear it."""
    bounce: Callable[[], None] | None = None
    """What to do with mail that came too late for this turn."""
    alone: bool = False
    """Whether it may be refused, and must not take others with it."""
    item_id: ItemId | None = None
    """Of streamed text that is not an event yet, because more may follow."""
    said: list[str] = field(default_factory=list[str])
    """That text."""

    @property
    def patient(self) -> bool:
        """Whether it is nothing but streamed text, which only people wait for."""
        return bool(self.said)

    def settle(self, error: BaseException | None = None) -> None:
        """Let whoever waits for these events go on."""
        if self.done is None or self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


@dataclass(slots=True)
class Outbox:
    """What waits for the next commit."""

    entries: list[Outgoing] = field(default_factory=list[Outgoing])
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, entry: Outgoing) -> None:
        """Add events, after what was put before."""
        self.entries.append(entry)
        self._wanted.set()
        self._filled.set()

    def say(self, item_id: ItemId, text: str) -> None:
        """Add text; what follows text of the same item becomes one event with it."""
        if self.entries and self.entries[-1].item_id == item_id:
            self.entries[-1].said.append(text)
        else:
            self.entries.append(Outgoing(item_id=item_id, said=[text]))
        self._filled.set()

    @property
    def has_text(self) -> bool:
        """Whether streamed text waits."""
        return any(entry.patient for entry in self.entries)

    async def filled(self) -> None:
        """Return when something waits."""
        await self._filled.wait()

    async def wanted(self, within: float) -> None:
        """Return when what waits is more than streamed text, or after so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._wanted.wait()
        except TimeoutError:
            pass

    def take(self) -> list[Outgoing]:
        """Return what waited; nothing waits any more."""
        taken, self.entries = self.entries, []
        self._wanted.clear()
        self._filled.clear()
        for entry in taken:
            if entry.item_id:
                text = "".join(entry.said)
                entry.events = (ItemAppended(item_id=entry.item_id, text=text),)
        return taken


_CUTS = frozenset(
    {
        TurnParked,
        TurnCompleted,
        TurnFailed,
        TurnCancelled,
        FrameClosed,
        ApprovalRequested,
    }
)


def chunks(entries: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Cut after each event that changes whether a later message is still heard.

    An event that may be refused is committed alone.
    """
    cut: list[list[Outgoing]] = [[]]
    for entry in entries:
        if entry.alone:
            cut.append([])
        cut[-1].append(entry)
        if entry.alone or any(type(event) in _CUTS for event in entry.events):
            cut.append([])
    return [chunk for chunk in cut if chunk]
