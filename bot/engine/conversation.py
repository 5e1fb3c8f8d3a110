"""Own one conversation: read its mail, run its turns, let go when all is still.

Everything that anybody does to a conversation arrives as mail: what people say, what
they decide, that they stop. The owner hands each piece to the turn it is for, and
the row is consumed in the transaction that makes the event true. Mail that cannot be
taken yet (somebody else's message while a turn runs) stays where it is.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog
from pydantic import ValidationError

from bot.engine.kit import Kit
from bot.engine.letters import Letter, letter_of
from bot.engine.log import Also
from bot.engine.runner import Runner
from bot.engine.turns import begin_turn, load_state
from bot.errors import SequenceGapError
from bot.ports.rows import Claim, StoredTurn
from bot.ports.store import Transaction
from bot.protocol.events import ApprovalDecided, TurnSteered
from bot.protocol.ids import ConversationId, TurnId

log = structlog.get_logger()

REST = timedelta(seconds=1)
"""How long a conversation rests at least that nobody has mail for. Should Postgres'
clock be ahead of ours, it finds a deadline due that we do not, again and again."""
PATIENCE = 30.0
"""Seconds that a conversation is kept only because a platform does not show it."""
RETRY_SHOWING = timedelta(seconds=30)
"""After this, showing it is tried again, by whoever has room."""


class Conversation:
    """A claimed conversation. Lives as long as there is something to do in it."""

    def __init__(self, claim: Claim, kit: Kit) -> None:
        self.claim = claim
        self._kit = kit
        self._news = asyncio.Event()
        self._news.set()
        self._runners: dict[TurnId, Runner] = {}
        self._tasks: dict[TurnId, asyncio.Task[None]] = {}
        self._held: dict[int, Letter] = {}
        """Mail read and not yet handed to a turn."""
        self._handed: set[int] = set()
        self._parked: dict[TurnId, datetime | None] = {}
        """Turns that nobody needs now, with when somebody will."""
        self._draining = False
        self._still_since: float | None = None
        """Since when (monotonic) nothing runs and only showing is left."""

    @property
    def conversation_id(self) -> ConversationId:
        """Which conversation this is."""
        return self.claim.conversation_id

    def wake(self) -> None:
        """Look at the mail again."""
        self._news.set()

    def drain(self) -> None:
        """Take no new work; let go as soon as every turn has ended or parked."""
        self._draining = True
        self._news.set()

    async def run(self) -> None:
        """Work until nothing is left to do, then release the conversation.

        Raises:
            LeaseLostError: Somebody else owns it now; nothing more may be written.
        """
        async with asyncio.TaskGroup() as tasks:
            await self._open(tasks)
            while True:
                await self._turn_over(tasks)
                if await self._let_go():
                    return
                await self._wait()

    # --------------------------------------------------------------------- opening

    async def _open(self, tasks: asyncio.TaskGroup) -> None:
        """Pick up what an earlier owner left: running, undelivered or due turns."""
        async with self._kit.store.begin("conversation.open") as tx:
            rows = await tx.open_turns(self.claim)
        for row in rows:
            if _needs_owner(row) or self._is_due(row.wake_at):
                await self._load(tasks, row.turn_id)
            elif row.status == "parked":
                self._parked[row.turn_id] = row.wake_at

    async def _load(self, tasks: asyncio.TaskGroup, turn_id: TurnId) -> Runner | None:
        if runner := self._runners.get(turn_id):
            self._drive(tasks, runner)
            return runner
        try:
            state = await load_state(self._kit.store, self.claim.tenant_id, turn_id)
        except (SequenceGapError, ValidationError):
            # One damaged turn must not silence everybody else in its conversation.
            log.exception("turn.damaged", turn=turn_id, hint="Restore its events.")
            return None
        if state is None:
            return None
        runner = self._kit.runner(state, self.claim)
        await self._kit.delivery.adopt(self.claim, state)
        self._runners[turn_id] = runner
        self._drive(tasks, runner)
        return runner

    def _drive(self, tasks: asyncio.TaskGroup, runner: Runner) -> None:
        """Give the runner a task, unless it has one or needs none."""
        turn_id = runner.state.turn_id
        self._parked.pop(turn_id, None)
        if turn_id in self._tasks:
            runner.nudge()
            return

        async def run() -> None:
            try:
                with self._kit.telemetry.turns_live.track_inprogress():
                    await runner.run()
            finally:
                del self._tasks[turn_id]
                self._news.set()

        self._tasks[turn_id] = tasks.create_task(run())

    # ------------------------------------------------------------------------ mail

    async def _turn_over(self, tasks: asyncio.TaskGroup) -> None:
        """Read new mail and hand out what can be handed out."""
        self._news.clear()
        async with self._kit.store.begin("conversation.mail") as tx:
            rows = await tx.read_mail(self.claim)
        for row in rows:
            if row.mail_seq in self._handed or row.mail_seq in self._held:
                continue
            try:
                self._held[row.mail_seq] = letter_of(row)
            except ValidationError as error:
                kinds = [problem["type"] for problem in error.errors()]
                log.error("mail.unreadable", kind=row.kind, problems=kinds)  # noqa: TRY400 - the error holds what people wrote
                await self._consume(row.mail_seq)
        for mail_seq, letter in sorted(self._held.items()):
            if await self._take(tasks, mail_seq, letter):
                self._handed.add(mail_seq)
                self._held.pop(mail_seq, None)
        for runner in list(self._runners.values()):
            if not runner.idle or self._is_due(runner.wake_at()):
                self._drive(tasks, runner)
        for turn_id, at in list(self._parked.items()):
            if self._is_due(at) and not self._draining:
                await self._load(tasks, turn_id)

    def _is_due(self, at: datetime | None) -> bool:
        return at is not None and at <= self._kit.clock.now()

    async def _take(
        self, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> bool:
        """Hand one piece of mail to its turn; whether it could be."""
        consumed = self._consumed(mail_seq)
        if letter.kind == "said":
            return await self._hear(tasks, mail_seq, letter, consumed)
        turn_id = letter.turn_id
        runner = await self._load(tasks, turn_id)
        if runner is None or not runner.live:
            await self._consume(mail_seq)
            return True
        bounce = partial(self._return, mail_seq, letter)
        if letter.kind == "stop":
            runner.stop(letter.person_id, letter.person_name, consumed, bounce=bounce)
        else:
            event = ApprovalDecided.model_validate(letter.decision, extra="ignore")
            runner.hand(event, consumed, bounce=bounce)
        return True

    async def _hear(
        self,
        tasks: asyncio.TaskGroup,
        mail_seq: int,
        letter: Letter,
        consumed: Also,
    ) -> bool:
        """Steer the requester's running turn, or start a new one."""
        busy = [runner for runner in self._runners.values() if runner.busy]
        for runner in busy:
            requester = runner.state.requester
            theirs = requester and requester.person_id == letter.person_id
            if theirs and runner.hears:
                runner.hand(
                    TurnSteered(text=letter.text),
                    consumed,
                    bounce=partial(self._return, mail_seq, letter),
                )
                return True
        if busy or self._draining:
            return False
        state = await begin_turn(self._kit, self.claim, letter, consumed)
        runner = self._kit.runner(state, self.claim)
        self._kit.delivery.show(self.claim, state)
        self._runners[state.turn_id] = runner
        self._drive(tasks, runner)
        return True

    def _return(self, mail_seq: int, letter: Letter) -> None:
        """Take mail back that came too late for the turn it was handed to."""
        self._handed.discard(mail_seq)
        self._held[mail_seq] = letter
        self._news.set()

    def _consumed(self, mail_seq: int) -> Also:
        async def write(tx: Transaction) -> None:
            await tx.consume(self.claim, mail_seq)

        return write

    async def _consume(self, mail_seq: int) -> None:
        async with self._kit.store.begin("conversation.consume") as tx:
            await tx.consume(self.claim, mail_seq)

    # --------------------------------------------------------------------- letting go

    async def _let_go(self) -> bool:
        """Release the conversation if nothing runs and everything is shown."""
        await self._forget_settled()
        if self._tasks or (self._held and not self._draining):
            return False
        due = [at for at in self._parked.values() if at]
        if self._runners:
            if not self._patience_is_over():
                return False
            # Nothing runs, and a platform will not show the rest for now. Others
            # need the place; whoever claims this next goes on showing.
            due.append(self._kit.clock.now() + RETRY_SHOWING)
        async with self._kit.store.begin("conversation.release") as tx:
            await tx.release(self.claim, min(due, default=None), rest=REST)
        return True

    def _patience_is_over(self) -> bool:
        now = self._kit.clock.monotonic()
        if any(not runner.idle for runner in self._runners.values()):
            self._still_since = None
            return False
        if self._still_since is None:
            self._still_since = now
        return now - self._still_since >= PATIENCE

    async def _forget_settled(self) -> None:
        for turn_id, runner in list(self._runners.items()):
            if turn_id in self._tasks or not runner.idle:
                continue
            if not self._kit.delivery.settled(turn_id):
                continue
            seq = runner.state.seq
            await self._kit.delivery.note(turn_id, seq)
            async with self._kit.store.begin("conversation.delivered") as tx:
                await tx.set_delivered(self.claim, turn_id, seq)
            self._kit.delivery.forget(turn_id)
            del self._runners[turn_id]
            if runner.live:
                self._parked[turn_id] = runner.wake_at()
            else:
                phase = runner.state.phase.value
                self._kit.telemetry.turns_ended.labels(phase).inc()

    async def _wait(self) -> None:
        """Wait for mail, for a turn to stop, or for everything to be shown.

        The heartbeat wakes it now and then, which is when patience is looked at.
        """
        with self._kit.delivery.watching(self._runners, self._news.set):
            await self._news.wait()

    def abandon(self) -> None:
        """Drop what this process would still show: it owns the conversation no more."""
        for turn_id in self._runners:
            self._kit.delivery.forget(turn_id)


def _needs_owner(row: StoredTurn) -> bool:
    return row.status == "running" or row.delivered_seq < row.last_seq
