"""Own one conversation: read its mail, run its turns, let go when all is still.

Everything that anybody does to a conversation arrives as mail: what people say, what
they decide, that they stop. The owner hands each piece to the turn it is for, and
the row is consumed in the transaction that makes the event true. Mail that cannot be
taken yet stays where it is.
"""

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from pydantic import ValidationError

from bot.engine.generation import GENERATION
from bot.engine.kit import Kit
from bot.engine.letters import Letter, is_known, letter_of
from bot.engine.live import LiveTurns
from bot.engine.log import Also
from bot.engine.runner import Runner
from bot.engine.turns import begin_turn
from bot.errors import LeaseLostError, StoreUnavailableError
from bot.ports.rows import Claim
from bot.ports.store import Transaction
from bot.protocol.events import ApprovalDecided, TurnEvent, TurnSteered
from bot.protocol.ids import ConversationId, TurnId, turn_id_for
from bot.turn.state import TurnState

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
        self._turns = LiveTurns(claim, kit, self._news.set, self._broke)
        self._held: dict[int, Letter] = {}
        """Mail read and not yet handed to a turn."""
        self._handed: dict[int, TurnId | None] = {}
        """Mail that a turn has, or that is done with."""
        self._unread = True
        """Whether there may be mail that was not read."""
        self._newest = 0
        """Of the mail that was read, or is about to be."""
        self._draining = False
        self._still_since: float | None = None
        """Since when (monotonic) nothing runs and only showing is left."""

    @property
    def conversation_id(self) -> ConversationId:
        """Which conversation this is."""
        return self.claim.conversation_id

    def wake(self, newest: int | None = None) -> None:
        """Look whether there is something to do.

        Args:
            newest: The number of the newest mail, if that is known; the mail is not
                read again without any that is newer than what was read.
        """
        if newest is None:
            self._unread = True
        elif newest > self._newest:
            self._unread, self._newest = True, newest
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
            await self._turns.open(tasks)
            while True:
                await self._turn_over(tasks)
                if await self._let_go():
                    return
                await self._wait()

    # ------------------------------------------------------------------------ mail

    async def _turn_over(self, tasks: asyncio.TaskGroup) -> None:
        """Read new mail and hand out what can be handed out."""
        self._news.clear()
        await self._read_mail()
        for mail_seq, letter in sorted(self._held.items()):
            if await self._take(tasks, mail_seq, letter):
                self._handed.setdefault(mail_seq, None)
                self._held.pop(mail_seq, None)
        if self._turns.needs_newer and not self._draining:
            self._draining = True
            # At once: should others take it from us, they must not be of our release.
            async with self._kit.store.begin("conversation.failure") as tx:
                await tx.require_generation(self.claim, GENERATION + 1)
        await self._turns.turn_over(tasks, draining=self._draining)

    async def _read_mail(self) -> None:
        if not self._unread:
            return
        self._unread = False
        async with self._kit.store.begin("conversation.mail") as tx:
            rows = await tx.read_mail(self.claim)
        for row in rows:
            if row.mail_seq in self._handed or row.mail_seq in self._held:
                continue
            if not is_known(row):
                log.warning(
                    "mail.newer", kind=row.kind, hint="A newer release reads it."
                )
                self._turns.needs_newer = True
                continue
            try:
                letter = letter_of(row)
                if letter.kind in {"decided", "withdrawn"}:
                    _meaning(letter)  # not for the first time when it is handed out
                self._held[row.mail_seq] = letter
            except ValidationError as error:
                kinds = [problem["type"] for problem in error.errors()]
                log.error("mail.unreadable", kind=row.kind, problems=kinds)  # noqa: TRY400 - the error holds what people wrote
                await self._consume(row.mail_seq)

    async def _take(
        self, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> bool:
        """Hand one piece of mail to its turn; whether it could be."""
        if letter.kind == "said":
            return await self._hear(tasks, mail_seq, letter)
        if letter.kind == "told":
            return await self._start(tasks, mail_seq, letter, behind=[])
        runner = await self._turns.load(tasks, letter.turn_id)
        if runner is None and self._turns.needs_newer:
            return False
        if runner is None or not runner.live:
            await self._consume(mail_seq)
            return True
        bounce = partial(self._return, mail_seq, letter)
        also = self._consumed(mail_seq)
        self._handed[mail_seq] = letter.turn_id
        if letter.kind == "stop":
            runner.stop(letter.person_id, letter.person_name, also, bounce=bounce)
        else:
            runner.hand(*_meaning(letter), also=also, bounce=bounce)
        return True

    async def _hear(
        self, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> bool:
        """Steer the requester's turn, start a new one, or put it in line."""
        ahead = [*self._turns.busy, *self._turns.in_line]
        theirs = [runner for runner in ahead if _is_of(runner, letter)]
        for runner in theirs:
            if runner.hears:
                self._handed[mail_seq] = runner.state.turn_id
                runner.hand(
                    TurnSteered(text=letter.text),
                    also=self._consumed(mail_seq),
                    bounce=partial(self._return, mail_seq, letter),
                )
                return True
        if theirs:
            return False
        return await self._start(tasks, mail_seq, letter, behind=ahead)

    async def _start(
        self,
        tasks: asyncio.TaskGroup,
        mail_seq: int,
        letter: Letter,
        *,
        behind: list[Runner],
    ) -> bool:
        """Begin a turn with a letter, unless it is time to end; whether it was taken."""
        if self._draining:
            return False
        begun = await self._begin(letter, mail_seq, behind)
        if begun is None:
            await self._repeated(tasks, mail_seq, letter)
        else:
            self._turns.begun(tasks, begun)
        return True

    async def _begin(
        self, letter: Letter, mail_seq: int, ahead: list[Runner]
    ) -> TurnState | None:
        begin = partial(
            begin_turn, self._kit, self.claim, letter, self._consumed(mail_seq)
        )
        try:
            return await begin(behind=ahead)
        except (LeaseLostError, StoreUnavailableError):
            raise
        except Exception:
            # Tried again it would break again, and silence everybody after it.
            log.exception("turn.not_begun", hint="The person is told; report this.")
            return await begin(failed="internal")

    async def _repeated(
        self, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> None:
        """Drop what a turn was started with before; that turn goes on."""
        log.info("mail.repeated", mail=mail_seq)
        await self._consume(mail_seq)
        claim = self.claim
        turn_id = turn_id_for(claim.tenant_id, claim.conversation_id, letter.said_key)
        await self._turns.load(tasks, turn_id)

    def _return(self, mail_seq: int, letter: Letter) -> None:
        """Take mail back that came too late for the turn it was handed to."""
        self._handed.pop(mail_seq, None)
        self._held[mail_seq] = letter
        self._news.set()

    def _broke(self, turn_id: TurnId) -> None:
        """Read again what a turn had been handed that broke: it may not have it."""
        self._handed = {s: t for s, t in self._handed.items() if t != turn_id}
        self._unread = True

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
        await self._turns.forget_settled(draining=self._draining)
        if self._turns.at_work or (self._held and not self._draining):
            return False
        due = self._turns.due()
        if self._turns.runners:
            if not self._patience_is_over():
                return False
            # Nothing runs, and a platform will not show the rest for now. Others
            # need the place; whoever claims this next shows what is not yet shown.
            async with self._kit.store.begin("conversation.delivered") as tx:
                for runner in self._turns.runners:
                    state = runner.state
                    await self._kit.delivery.note(tx, state.turn_id, state.seq)
            due.append(self._kit.clock.now() + RETRY_SHOWING)
        if self._turns.needs_newer:
            due.append(self._kit.clock.now())
        async with self._kit.store.begin("conversation.release") as tx:
            if self._turns.needs_newer:
                await tx.require_generation(self.claim, GENERATION + 1)
            await tx.release(self.claim, min(due, default=None), rest=REST)
        return True

    def _patience_is_over(self) -> bool:
        now = self._kit.clock.monotonic()
        if any(not runner.idle for runner in self._turns.runners):
            self._still_since = None
            return False
        if self._still_since is None:
            self._still_since = now
        return now - self._still_since >= PATIENCE

    async def _wait(self) -> None:
        """Wait for mail, for a turn to stop, or for everything to be shown.

        The heartbeat wakes it now and then, which is when patience and deadlines are
        looked at.
        """
        turns = [runner.state.turn_id for runner in self._turns.runners]
        with self._kit.delivery.watchers.watching(turns, self._news.set):
            await self._news.wait()

    def abandon(self) -> None:
        """Drop what this process would still show: it owns the conversation no more."""
        self._turns.abandon()


def _is_of(runner: Runner, letter: Letter) -> bool:
    requester = runner.state.requester
    return requester is not None and requester.person_id == letter.person_id


def _meaning(letter: Letter) -> tuple[TurnEvent, ...]:
    """Return what a decision means for its turn.

    A request that its requester changed is withdrawn, and the turn is told what is
    wanted instead: it asks anew, under a new approval.
    """
    decided = ApprovalDecided.model_validate(letter.decision, extra="ignore")
    if letter.kind == "withdrawn" and letter.text:
        return decided, TurnSteered(text=letter.text)
    return (decided,)
