"""Run one turn: decide, perform, append, apply, until it ends or parks.

The runner owns the turn's state in memory; the log owns it for good. Events go out in
one order: whoever performs an action hands its events to `Runner.emit`, one writer
commits what has gathered, applies it, shows it, and only then lets the performer go
on. Text that streams in is merged: many tokens, one event.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.engine.log import Also, LogWriter
from bot.engine.projection import projection_of
from bot.errors import StoreUnavailableError, SupersededError
from bot.ports.rows import Claim
from bot.protocol.events import (
    FrameClosed,
    ItemAppended,
    TurnCancelled,
    TurnCompleted,
    TurnEvent,
    TurnFailed,
    TurnSteered,
)
from bot.protocol.ids import PersonId
from bot.turn.decide import Action, Run, decide, wake_at
from bot.turn.reduce import advance
from bot.turn.state import ROOT, TurnState

log = structlog.get_logger()

STOP_GRACE = 0.8
"""Seconds that effects under way get to report before a stopped turn ends."""
RETRY_COMMIT = 1.0
"""Seconds between attempts to commit while Postgres is away."""


class Perform(Protocol):
    """Whoever does what an action says: `bot.engine.perform.Performer`."""

    async def __call__(self, runner: "Runner", action: Action) -> None:
        """Do what ``action`` says and emit what came of it through ``runner``."""
        ...


@dataclass(slots=True)
class _Outgoing:
    event: TurnEvent | None
    """``None`` writes nothing: it only waits for what was put before it."""
    also: Also | None = None
    done: asyncio.Future[None] | None = None
    spoken: bool = False
    """Whether it only means something while an agent can still hear it."""
    bounce: Callable[[], None] | None = None
    """What to do with mail that came too late for this turn."""
    alone: bool = False
    """Whether it may be refused, and must not take others with it."""

    def settle(self, error: BaseException | None = None) -> None:
        """Let whoever waits for this event go on."""
        if self.done is None or self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


@dataclass(slots=True)
class _Outbox:
    entries: list[_Outgoing] = field(default_factory=list[_Outgoing])

    def put(self, entry: _Outgoing) -> None:
        """Add an event; text for the same item is merged into the one before."""
        last = self.entries[-1] if self.entries else None
        match (last.event if last else None, entry.event):
            case (ItemAppended() as old, ItemAppended() as new) if (
                last and old.item_id == new.item_id and not (last.done or entry.done)
            ):
                last.event = old.model_copy(update={"text": old.text + new.text})
            case _:
                self.entries.append(entry)

    def take(self) -> list[_Outgoing]:
        taken, self.entries = self.entries, []
        return taken


class Runner:
    """One live turn of a conversation that this process owns."""

    def __init__(
        self,
        state: TurnState,
        claim: Claim,
        *,
        writer: LogWriter,
        clock: Clock,
        perform: Perform,
        show: Callable[[Claim, TurnState], None],
    ) -> None:
        self.state = state
        self.claim = claim
        self._writer = writer
        self._clock = clock
        self._perform = perform
        self._show = show
        self._outbox = _Outbox()
        self._mail = asyncio.Event()
        self._changed = asyncio.Event()
        self._running: dict[Action, asyncio.Task[None]] = {}
        self._flushing = False
        self._stops: list[_Outgoing] = []

    @property
    def live(self) -> bool:
        """Whether the turn has not ended."""
        return self.state.ending is None

    @property
    def busy(self) -> bool:
        """Whether the turn runs, rather than being parked or over."""
        return self.live and not self.state.parked

    def wake_at(self) -> datetime | None:
        """Return when a parked turn must be looked at, should nobody decide."""
        return wake_at(self.state)

    async def emit(self, *events: TurnEvent) -> None:
        """Append events and return when they are committed and applied.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        for event in events[:-1]:
            self._outbox.put(_Outgoing(event))
        await self._written(_Outgoing(events[-1]))

    async def emit_if(self, event: TurnEvent, check: Also) -> None:
        """Append an event if ``check``, in its transaction, does not object.

        Raises:
            SupersededError: It objected; nothing was written.
            LeaseLostError: Somebody else owns the conversation now.
        """
        await self._written(_Outgoing(event, check, alone=True))

    async def written(self) -> None:
        """Return when all that was emitted so far is committed and applied.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        await self._written(_Outgoing(None))

    async def _written(self, entry: _Outgoing) -> None:
        entry.done = asyncio.get_running_loop().create_future()
        self._outbox.put(entry)
        self._mail.set()
        await entry.done

    def emit_soon(self, *events: TurnEvent) -> None:
        """Append events in order, without waiting for the commit."""
        for event in events:
            self._outbox.put(_Outgoing(event))
        self._mail.set()

    def hand(
        self,
        event: TurnEvent,
        also: Also,
        *,
        bounce: Callable[[], None],
    ) -> None:
        """Append an event that came by mail, with the row that consumes the mail.

        Args:
            event: What the mail means for this turn.
            also: Consumes the mail in the same transaction.
            bounce: Called instead, should the turn be past taking it by then.
        """
        spoken = isinstance(event, TurnSteered)
        self._outbox.put(_Outgoing(event, also, spoken=spoken, bounce=bounce))
        self._mail.set()

    @property
    def hears(self) -> bool:
        """Whether a message sent now can still be taken into account."""
        root = self.state.frame(ROOT)
        return self.busy and (root is None or root.outcome is None)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to drive: ended or parked, and nothing to write."""
        writing = self._flushing or self._outbox.entries
        return not (self.busy or writing or self._stops)

    def stop(
        self, by: PersonId, by_name: str, also: Also, *, bounce: Callable[[], None]
    ) -> None:
        """End the turn at its requester's wish; running effects finish first.

        Args:
            by: Who stops it.
            by_name: Their name.
            also: Consumes the mail in the transaction that ends the turn.
            bounce: Called instead, should the turn be over by then.
        """
        ending = TurnCancelled(by=by, by_name=by_name)
        self._stops.append(_Outgoing(ending, also, bounce=bounce))
        self._changed.set()

    def nudge(self) -> None:
        """Decide again, e.g. because a deadline has come."""
        self._changed.set()

    async def run(self) -> None:
        """Drive the turn until it ends or parks.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        async with asyncio.TaskGroup() as tasks:
            flusher = tasks.create_task(self._flush_forever())
            await self._drive(tasks)
            flusher.cancel()

    async def _drive(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._changed.clear()
            while self._stops:
                await self._stop(self._stops.pop(0))
            now = self._clock.now()
            for action in decide(self.state, now, self._running.keys()):
                self._start(tasks, action)
            if self.idle and not self._running:
                return
            await self._changed.wait()

    def _start(self, tasks: asyncio.TaskGroup, action: Action) -> None:
        async def act() -> None:
            try:
                await self._perform(self, action)
            finally:
                del self._running[action]
                self._changed.set()

        self._running[action] = tasks.create_task(act())

    async def _stop(self, ending: _Outgoing) -> None:
        """Cancel what only thinks, let started effects end, then say so once."""
        effects = [task for a, task in self._running.items() if isinstance(a, Run)]
        for action, task in self._running.items():
            if not isinstance(action, Run):
                task.cancel()
        if effects:
            await asyncio.wait(effects, timeout=STOP_GRACE)
        await self._written(ending)
        for task in self._running.values():
            task.cancel()

    # ------------------------------------------------------------------ committing

    async def _flush_forever(self) -> None:
        while True:
            await self._mail.wait()
            self._mail.clear()
            self._flushing = True
            for chunk in _chunks(self._outbox.take()):
                await self._flush(chunk)
            self._flushing = False
            self._changed.set()

    async def _flush(self, chunk: Sequence[_Outgoing]) -> None:
        timely = [entry for entry in chunk if self._timely(entry)]
        try:
            if timely:
                await self._commit(timely)
        except SupersededError as error:
            for entry in chunk:
                entry.settle(error)
            return
        except BaseException as error:
            for entry in chunk:
                entry.settle(error)
            raise
        for entry in chunk:
            entry.settle()
        self._show(self.claim, self.state)
        self._changed.set()

    def _timely(self, entry: _Outgoing) -> bool:
        """Whether an event still means something; a late message bounces."""
        late = not (self.hears if entry.spoken else self.live)
        if late and entry.bounce:
            entry.bounce()
        return not late

    async def _commit(self, entries: Sequence[_Outgoing]) -> None:
        """Commit and apply; while Postgres is away, nothing is shown and we wait."""
        events = [entry.event for entry in entries if entry.event]
        also = [entry.also for entry in entries if entry.also]
        while events:
            at = self._clock.now()
            implied = projection_of(self.claim, self.state, events, at)
            try:
                recorded = await self._writer.append(
                    self.claim,
                    self.state.turn_id,
                    events,
                    first_seq=self.state.seq + 1,
                    also=[*also, *implied],
                    at=at,
                )
            except StoreUnavailableError as error:
                log.warning("log.unavailable", error=str(error), hint=error.hint)
                await self._clock.sleep(RETRY_COMMIT)
                continue
            self.state = reduce(advance, recorded, self.state)
            return


_CUTS = (TurnCompleted, TurnFailed, TurnCancelled, FrameClosed)


def _chunks(entries: Sequence[_Outgoing]) -> list[list[_Outgoing]]:
    """Cut after each event that changes whether a later message is still heard.

    An event that may be refused is committed alone.
    """
    chunks: list[list[_Outgoing]] = [[]]
    for entry in entries:
        if entry.alone:
            chunks.append([])
        chunks[-1].append(entry)
        if entry.alone or isinstance(entry.event, _CUTS):
            chunks.append([])
    return [chunk for chunk in chunks if chunk]
