"""The turns of one claimed conversation: who runs, who waits, who is only shown.

Any number of turns run side by side (one that resumes does not wait for the newest),
but what a second person asks in a busy conversation waits in line for its turn.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.engine.kit import Kit
from bot.engine.runner import Runner
from bot.engine.turns import Loaded, end_bluntly, load_turn
from bot.errors import LeaseLostError, StoreUnavailableError
from bot.ports.rows import Claim, StoredTurn
from bot.protocol.events import TurnResumed
from bot.protocol.ids import TurnId
from bot.turn.state import TurnState

log = structlog.get_logger()

MOST_FAILURES = 3
"""After so many errors of ours in a row, a turn is ended instead of tried again."""
HOPELESS = 5
"""After so many, ending it in order fails as well: only its end is written."""
PAUSE = timedelta(seconds=5)
"""How long a turn rests after an error of ours in it; twice as long the second time."""


class LiveTurns:
    """What the owner of a conversation drives and shows."""

    def __init__(
        self,
        claim: Claim,
        kit: Kit,
        tell: Callable[[], None],
        broke: Callable[[TurnId], None],
    ) -> None:
        """Start with none.

        Args:
            claim: Of the conversation.
            kit: What turns are driven with.
            tell: Called whenever a turn has stopped, for whatever reason.
            broke: Called when one has lost what it was handed.
        """
        self._claim = claim
        self._kit = kit
        self._tell = tell
        self._broke = broke
        self._runners: dict[TurnId, Runner] = {}
        self._tasks: dict[TurnId, asyncio.Task[None]] = {}
        self._parked: dict[TurnId, datetime | None] = {}
        """Turns that nobody needs now, with when somebody will."""
        self.needs_newer = False
        """Whether there is something here that only a newer release understands."""

    @property
    def runners(self) -> Sequence[Runner]:
        """Turns that run, wait in line, or are not shown yet; oldest first."""
        return tuple(self._runners.values())

    @property
    def at_work(self) -> bool:
        """Whether a turn runs here."""
        return bool(self._tasks)

    @property
    def busy(self) -> Sequence[Runner]:
        """Turns that run."""
        return [runner for runner in self._runners.values() if runner.busy]

    @property
    def in_line(self) -> Sequence[Runner]:
        """Turns that wait for another's end, in the order in which they came."""
        return [r for r in self._runners.values() if r.state.queued and r.live]

    def due(self) -> list[datetime]:
        """Return when the turns that are parked must be looked at."""
        return [at for at in self._parked.values() if at]

    # ----------------------------------------------------------------------- driving

    async def open(self, tasks: asyncio.TaskGroup) -> None:
        """Pick up what an earlier owner left: running, waiting, unshown or due."""
        async with self._kit.store.begin("conversation.open") as tx:
            rows = await tx.open_turns(self._claim)
        for row in rows:
            if _needs_owner(row) or self._is_due(row.wake_at):
                await self.load(tasks, row.turn_id)
            else:
                self._parked[row.turn_id] = row.wake_at

    async def load(self, tasks: asyncio.TaskGroup, turn_id: TurnId) -> Runner | None:
        """Return the turn's runner, which has a task if it needs one.

        ``None`` when there is no such turn, or when it is not for this release.
        """
        if runner := self._runners.get(turn_id):
            self.drive(tasks, runner)
            return runner
        loaded = await load_turn(self._kit.store, self._claim, turn_id)
        if loaded is None:
            return None
        if loaded.live and loaded.state.unknown_types:
            log.warning(
                "turn.newer",
                turn=turn_id,
                types=loaded.state.unknown_types,
                hint="It waits for a worker of the newer release.",
            )
            self.needs_newer = True
            return None
        runner = await self._revive(loaded)
        self.drive(tasks, runner)
        return runner

    async def _revive(self, loaded: Loaded) -> Runner:
        """Return a runner for a turn as it was found, which may be in a bad way."""
        state, stored = loaded.state, loaded.stored
        if loaded.damage and not stored.degraded:
            await self._mark(loaded)
        if loaded.live and stored.failures >= HOPELESS:
            state = await end_bluntly(self._kit, self._claim, loaded)
        runner = self._kit.runner(state, self._claim, damaged=bool(loaded.damage))
        await self._kit.delivery.adopt(self._claim, state)
        if runner.live and loaded.damage:
            runner.give_up("degraded")
        elif runner.live and stored.failures >= MOST_FAILURES:
            runner.give_up("internal")
        self._runners[state.turn_id] = runner
        return runner

    async def _mark(self, loaded: Loaded) -> None:
        what = ", ".join(f"{d.seq} {d.what}" for d in loaded.damage)
        turn_id = loaded.stored.turn_id
        log.error("turn.degraded", turn=turn_id, events=what, hint=_DEGRADED_HINT)
        self._kit.telemetry.turns_degraded.inc()
        async with self._kit.store.begin("conversation.failure") as tx:
            await tx.mark_degraded(self._claim, turn_id, what)

    def begun(self, tasks: asyncio.TaskGroup, state: TurnState) -> Runner:
        """Return the runner of a turn that has just begun."""
        runner = self._kit.runner(state, self._claim)
        self._kit.delivery.show(self._claim, state)
        self._runners[state.turn_id] = runner
        self.drive(tasks, runner)
        return runner

    def drive(self, tasks: asyncio.TaskGroup, runner: Runner) -> None:
        """Give the runner a task, unless it has one."""
        turn_id = runner.state.turn_id
        self._parked.pop(turn_id, None)
        if turn_id in self._tasks:
            runner.nudge()
        else:
            self._tasks[turn_id] = tasks.create_task(self._run(runner))

    async def _run(self, runner: Runner) -> None:
        try:
            sources, turn_id = self._kit.delivery.sources, runner.state.turn_id
            with (
                self._kit.telemetry.turns_live.track_inprogress(),
                sources.running(turn_id, runner.catch_up),
            ):
                await runner.run()
        except* (LeaseLostError, StoreUnavailableError):
            raise  # the conversation's, not this turn's
        except* Exception as group:  # noqa: BLE001 - one turn must not end the others
            await self._failed(runner, group)
        finally:
            del self._tasks[runner.state.turn_id]
            self._tell()

    async def _failed(self, runner: Runner, group: ExceptionGroup) -> None:
        """Let a turn rest after an error of ours; the others go on."""
        turn_id = runner.state.turn_id
        log.error(
            "turn.broke",
            turn=turn_id,
            errors=[repr(error) for error in group.exceptions],
            exc_info=group,
            hint=f"It is tried again, and ended after {MOST_FAILURES} times.",
        )
        async with self._kit.store.begin("conversation.failure") as tx:
            times = await tx.note_failure(self._claim, turn_id)
        self._kit.delivery.forget(turn_id)
        del self._runners[turn_id]
        self._parked[turn_id] = self._kit.clock.now() + PAUSE * times
        self._broke(turn_id)

    async def turn_over(self, tasks: asyncio.TaskGroup, *, draining: bool) -> None:
        """Wake what has something to do, and let the next in line begin."""
        for runner in self.runners:
            if not runner.idle or self._is_due(runner.wake_at()):
                self.drive(tasks, runner)
        if draining:
            return
        for turn_id, at in list(self._parked.items()):
            if self._is_due(at):
                await self.load(tasks, turn_id)
        waiting = self.in_line
        if waiting and all(runner.idle for runner in self.runners):
            waiting[0].emit_soon(TurnResumed(because="turn"))
            self.drive(tasks, waiting[0])

    # ------------------------------------------------------------------- letting go

    async def forget_settled(self, *, draining: bool) -> None:
        """Drop the turns that neither run nor have anything left to show."""
        for turn_id, runner in list(self._runners.items()):
            if turn_id in self._tasks or not runner.idle:
                continue
            if runner.state.queued and runner.live and not draining:
                continue
            if self._kit.delivery.settled(turn_id):
                await self._forget(turn_id, runner)
            elif draining and self._kit.delivery.told(turn_id):
                await self._leave(turn_id, runner)

    async def _leave(self, turn_id: TurnId, runner: Runner) -> None:
        """Leave it to the next owner to sum up what is told elsewhere."""
        async with self._kit.store.begin("conversation.delivered") as tx:
            await self._kit.delivery.note(tx, turn_id, runner.state.seq)
        self._kit.delivery.forget(turn_id)
        del self._runners[turn_id]
        self._parked[turn_id] = self._kit.clock.now()

    async def _forget(self, turn_id: TurnId, runner: Runner) -> None:
        seq = runner.state.seq
        async with self._kit.store.begin("conversation.delivered") as tx:
            await self._kit.delivery.note(tx, turn_id, seq)
            await tx.set_delivered(self._claim, turn_id, seq)
        self._kit.delivery.forget(turn_id)
        del self._runners[turn_id]
        if runner.state.queued and runner.live:
            self._parked[turn_id] = self._kit.clock.now()
        elif runner.live:
            self._parked[turn_id] = runner.wake_at()
        else:
            phase = runner.state.phase.value
            self._kit.telemetry.turns_ended.labels(phase).inc()

    def abandon(self) -> None:
        """Drop what this process would still show: others own the conversation."""
        for turn_id in self._runners:
            self._kit.delivery.forget(turn_id)

    def _is_due(self, at: datetime | None) -> bool:
        return at is not None and at <= self._kit.clock.now()


_DEGRADED_HINT = (
    "Restore these rows of turn_event from a backup to have the whole log again; "
    "the turn goes on from what could be read, or is ended."
)


def _needs_owner(row: StoredTurn) -> bool:
    return row.status == "running" or row.delivered_seq < row.last_seq
