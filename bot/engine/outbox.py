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

    def put(self, entry: Outgoing) -> None:
        """Add events; text for the same item is merged into the one before."""
        last = self.entries[-1] if self.entries else None
        match (last.events if last else (), entry.events):
            case ((ItemAppended() as old,), (ItemAppended() as new,)) if (
                last and old.item_id == new.item_id and not (last.done or entry.done)
            ):
                last.events = (old.model_copy(update={"text": old.text + new.text}),)
            case _:
                self.entries.append(entry)

    def take(self) -> list[Outgoing]:
        """Return what waited; nothing waits any more."""
        taken, self.entries = self.entries, []
        return taken


_CUTS = (
    TurnParked,
    TurnCompleted,
    TurnFailed,
    TurnCancelled,
    FrameClosed,
    ApprovalRequested,
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
        if entry.alone or any(isinstance(event, _CUTS) for event in entry.events):
            cut.append([])
    return [chunk for chunk in cut if chunk]
