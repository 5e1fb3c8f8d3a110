"""Run one turn: decide, perform, append, apply, until it ends or parks.

The runner owns the turn's state in memory; the log owns it for good. Events go out in
one order: whoever performs an action hands its events to `Runner.emit`, one writer
commits what has gathered, applies it, shows it, and only then lets the performer go
on. Text gathers until somebody wants it, or for a moment: many tokens, one event.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.engine.ending import seal
from bot.engine.log import Also, LogWriter
from bot.engine.outbox import Outbox, Outgoing, chunks
from bot.engine.projection import projection_of
from bot.errors import LeaseLostError, StoreUnavailableError, SupersededError
from bot.ports.rows import Claim
from bot.protocol.events import (
    ToolFinished,
    TurnCancelled,
    TurnEvent,
    TurnFailed,
    TurnSteered,
)
from bot.protocol.ids import FrameId, ItemId, PersonId
from bot.turn.decide import (
    Action,
    GiveUp,
    Overrun,
    Probe,
    Report,
    Run,
    decide,
    wake_at,
)
from bot.turn.lifecycle import hears
from bot.turn.reduce import advance
from bot.turn.state import Call, Phase, TurnState

log = structlog.get_logger()

STOP_GRACE = 0.4
"""Seconds that effects under way get to report before a stopped turn ends."""
HANGING = 0.1
"""Seconds that a cancelled action may take to let go."""
HURRIED = 0.2
"""Seconds to ask the records about effects that did not report, and as many to open a
ticket: with the two above, Stop takes effect within one second."""
UNHURRIED = 15.0
"""Seconds for the same when nobody waits for the end."""
GATHER = 0.1
"""Seconds between two commits of nothing but text, unless somebody wants it: a message
that is about to be sent does, and so does whoever follows the log."""
CATCH_UP = 0.1
"""Seconds that a message waits at most for text that is not committed yet."""
RETRY_COMMIT = 1.0
"""Seconds between attempts to commit while Postgres is away."""


class Perform(Protocol):
    """Whoever does what an action says: `bot.engine.perform.Performer`."""

    async def __call__(self, runner: "Runner", action: Action) -> None:
        """Do what ``action`` says and emit what came of it through ``runner``."""
        ...


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
        damaged: bool = False,
    ) -> None:
        """Drive a turn.

        Args:
            state: The turn, as the log has it.
            claim: Of its conversation.
            writer: Commits its events.
            clock: For deadlines, and when events happened.
            perform: Does what actions say.
            show: Told of every committed state.
            damaged: Whether events after ``state`` are lost.
        """
        self.state = state
        self.claim = claim
        self._writer = writer
        self._clock = clock
        self._perform = perform
        self._show = show
        self._damaged = damaged
        self._outbox = Outbox()
        self._gathers_until = 0.0
        self._changed = asyncio.Event()
        self._running: dict[Action, asyncio.Task[None]] = {}
        self._flushing = False
        self._endings: list[Outgoing] = []

    @property
    def live(self) -> bool:
        """Whether the turn has not ended."""
        return self.state.ending is None

    @property
    def busy(self) -> bool:
        """Whether the turn runs, rather than being parked, queued or over."""
        return self.state.phase is Phase.RUNNING

    def wake_at(self) -> datetime | None:
        """Return when a parked turn must be looked at, should nobody decide."""
        return wake_at(self.state)

    async def emit(self, *events: TurnEvent) -> None:
        """Append events and return when they are committed and applied.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        await self._written(Outgoing(events))

    async def emit_if(self, event: TurnEvent, check: Also) -> None:
        """Append an event if ``check``, in its transaction, does not object.

        Raises:
            SupersededError: It objected; nothing was written.
            LeaseLostError: Somebody else owns the conversation now.
        """
        await self._written(Outgoing((event,), check, alone=True))

    async def written(self) -> None:
        """Return when all that was emitted so far is committed and applied.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        await self._written(Outgoing())

    async def _written(self, entry: Outgoing) -> None:
        entry.done = asyncio.get_running_loop().create_future()
        self._outbox.put(entry)
        await entry.done

    async def catch_up(self) -> None:
        """Commit what was said until now, if that does not take too long."""
        if self._outbox.has_text:
            done = asyncio.get_running_loop().create_future()
            done.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._outbox.put(Outgoing(done=done))
            await asyncio.wait([done], timeout=CATCH_UP)

    def emit_soon(self, *events: TurnEvent) -> None:
        """Append events in order, without waiting for the commit."""
        for event in events:
            self._outbox.put(Outgoing((event,)))

    def say(self, item_id: ItemId, text: str) -> None:
        """Append text to an item, without waiting for the commit."""
        self._outbox.say(item_id, text)

    def hand(self, *events: TurnEvent, also: Also, bounce: Callable[[], None]) -> None:
        """Append what came by mail, with the row that consumes the mail.

        Args:
            events: What the mail means for this turn.
            also: Consumes the mail in the same transaction.
            bounce: Called instead, should the turn be past taking it by then.
        """
        spoken = isinstance(events[0], TurnSteered)
        self._outbox.put(Outgoing(events, also, spoken=spoken, bounce=bounce))

    @property
    def hears(self) -> bool:
        """Whether a message sent now can still be taken into account."""
        return hears(self.state)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to drive: ended or parked, and nothing to write."""
        writing = self._flushing or self._outbox.entries
        return not (self.busy or writing or self._endings)

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
        self._endings.append(Outgoing((ending,), also, bounce=bounce))
        self._changed.set()

    def give_up(self, code: str) -> None:
        """End the turn with what is known, instead of going on with it.

        Args:
            code: Why: a key of `bot.view.failures`.
        """
        self._endings.append(Outgoing((TurnFailed(code=code),)))
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
            while self._endings:
                await self._end(self._endings.pop(0))
            now = self._clock.now()
            for action in decide(self.state, now, self._running.keys()):
                match action:
                    case GiveUp(code=code):
                        log.warning("turn.overran", turn=self.state.turn_id)
                        await self._end(Outgoing((TurnFailed(code=code),)))
                    case _:
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

    async def interrupt(self, frame_id: FrameId) -> None:
        """End what this process does for a frame; what it had started may have happened."""
        calls = {c.call_id for c in self.state.calls if c.frame_id == frame_id}
        mine = {Overrun(frame_id)}
        await self._cancel(
            action
            for action in self._running
            if action not in mine
            and (
                getattr(action, "frame_id", "") == frame_id
                or getattr(action, "call_id", "") in calls
            )
        )

    async def _end(self, ending: Outgoing) -> None:
        """End the turn truthfully: wait for what is under way, find out, say it once.

        What only thinks is cancelled, started effects get a moment to report. Of what
        has not, the records are asked; nobody may do it any more once they have
        answered. What they cannot tell is unknown, and the ending's ledger says so.
        """
        if self.live:
            begun = {Run(call.call_id) for call in self._started()}
            await self._cancel(a for a in self._running if a not in begun)
            effects = [self._running[a] for a in begun if a in self._running]
            if effects:
                await asyncio.wait(effects, timeout=STOP_GRACE)
            await self._cancel(tuple(self._running))
            hurried = any(isinstance(event, TurnCancelled) for event in ending.events)
            await self._find_out(HURRIED if hurried else UNHURRIED)
        await self._written(ending)

    async def _cancel(self, actions: Iterable[Action]) -> None:
        tasks = [self._running[a] for a in tuple(actions) if a in self._running]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=HANGING)

    async def _find_out(self, within: float) -> None:
        """Settle every started call, one way or another."""
        await self.written()  # what they had reported until now counts
        for action in (Probe, Report):
            try:
                async with asyncio.timeout(within), asyncio.TaskGroup() as tasks:
                    for call in self._started():
                        tasks.create_task(self._perform(self, action(call.call_id)))
            except TimeoutError:
                await self.written()
        if unknown := self._started():
            await self.emit(
                *(ToolFinished(call_id=c.call_id, outcome="unknown") for c in unknown)
            )

    def _started(self) -> list[Call]:
        calls = self.state.calls
        return [c for c in calls if c.status == "started" and not c.handoff_to]

    # ------------------------------------------------------------------ committing

    async def _flush_forever(self) -> None:
        while True:
            await self._outbox.filled()
            await self._gather()
            self._flushing = True
            for chunk in chunks(self._outbox.take()):
                await self._flush(chunk)
            self._flushing = False
            if not self._running:
                self._changed.set()

    async def _gather(self) -> None:
        """Let text gather that nobody wants yet."""
        rest = self._gathers_until - self._clock.monotonic()
        if rest > 0 and not self._writer.followed:
            await self._outbox.wanted(within=rest)
        self._gathers_until = self._clock.monotonic() + GATHER

    async def _flush(self, chunk: Sequence[Outgoing]) -> None:
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
        if not all(entry.patient for entry in chunk):  # words enable nothing
            self._changed.set()

    def _timely(self, entry: Outgoing) -> bool:
        """Whether an event still means something; a late message bounces."""
        late = not (self.hears if entry.spoken else self.live)
        if late and entry.bounce:
            entry.bounce()
        return not late

    async def _commit(self, entries: Sequence[Outgoing]) -> None:
        """Commit and apply; while Postgres is away, nothing is shown and we wait."""
        events = [event for entry in entries for event in entry.events]
        also = [entry.also for entry in entries if entry.also]
        patient = all(entry.patient for entry in entries)
        in_doubt = False
        while events:
            at = self._clock.now()
            sealed = seal(self.state, events, at, damaged=self._damaged)
            implied = projection_of(self.claim, self.state, sealed, at)
            try:
                recorded = await self._writer.append(
                    self.claim,
                    self.state.turn_id,
                    sealed,
                    first_seq=self.state.seq + 1,
                    also=[*also, *implied],
                    at=at,
                    patient=patient,
                )
            except StoreUnavailableError as error:
                log.warning("log.unavailable", error=str(error), hint=error.hint)
                in_doubt = True
                await self._clock.sleep(RETRY_COMMIT)
                continue
            except LeaseLostError:
                # Or it was written, and only the answer was lost.
                found = in_doubt and await self._writer.landed(
                    self.claim, self.state.turn_id, sealed, self.state.seq + 1
                )
                if not found:
                    raise
                recorded = found
            self.state = reduce(advance, recorded, self.state)
            return
