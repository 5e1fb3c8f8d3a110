"""Claim conversations and work on them, as many at once as this process may.

Claims are leases with a fence. A worker that dies lets its leases run out; a worker
that is told to drain takes nothing new, lets turns end or park, and hands the rest
back at once. Waking is by NOTIFY, with a slow poll behind it because notifications
can be lost; and by the time at which the next lease of somebody else runs out.
"""

import asyncio
import math
from datetime import timedelta

import structlog

from bot.engine.admission import Admission
from bot.engine.conversation import Conversation
from bot.engine.generation import GENERATION
from bot.engine.kit import Kit
from bot.errors import LeaseLostError, StoreUnavailableError
from bot.ports.rows import Claim, Claimed
from bot.protocol.ids import ConversationId

log = structlog.get_logger()

LEASE = timedelta(seconds=6)
"""How long a claim holds without a heartbeat."""
HEARTBEAT = 1.5
"""Seconds between heartbeats: three may be missed."""
HEARTBEATS = 3
"""How many may wait for their answer at once."""
TIDY = 6 * 3600.0
"""Seconds between two clean-ups of what need not be kept."""
PAUSE = timedelta(seconds=5)
"""How long a conversation rests after an error of ours in it."""
SHORT = timedelta(seconds=0.5)
"""How long it rests after Postgres went away in the middle."""
POLL = 1.0
"""Seconds between looks at the table, should a notification be lost."""
SOON = 0.01
"""Seconds between two looks at least."""
AT_ONCE = 8
"""Conversations of a dead worker that are claimed in one commit, at most. They are due
all at once: each survivor takes so many, and more when it has time. Others come one by
one, because every new turn makes webhooks wait."""


class Worker:
    """Owns conversations on behalf of one process."""

    def __init__(
        self,
        kit: Kit,
        *,
        worker_id: str,
        capacity: int = 200,
        lease: timedelta = LEASE,
    ) -> None:
        self._kit = kit
        self._worker_id = worker_id
        self._capacity = capacity
        self._lease = lease
        self._owned: dict[ConversationId, Conversation] = {}
        self._tasks: dict[ConversationId, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._draining = False
        self._admission = Admission(kit.clock)
        self._lapse = math.inf
        """When (monotonic) the next lease of somebody else runs out."""

    @property
    def conversations(self) -> int:
        """How many conversations this process owns."""
        return len(self._owned)

    async def run(self) -> None:
        """Work until drained or cancelled."""
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(
                    self._kit.store.listen(self._hear, on_connect=self._look_everywhere)
                ),
                tasks.create_task(self._beat()),
                tasks.create_task(self._tidy()),
            ]
            await self._claim_until_drained(tasks)
            for task in background:
                task.cancel()

    def drain(self) -> None:
        """Take nothing new; end when every owned conversation is let go."""
        self._draining = True
        for conversation in self._owned.values():
            conversation.drain()
        self._news.set()

    async def let_go(self) -> None:
        """Hand every conversation back at once; the next owner goes on from the log."""
        claims = [conversation.claim for conversation in self._owned.values()]
        for task in self._tasks.values():
            task.cancel()
        now = self._kit.clock.now()
        try:
            for claim in claims:  # one by one: the log writer locks several at once
                async with self._kit.store.begin("worker.let_go") as tx:
                    await tx.release(claim, now)
        except StoreUnavailableError as error:
            log.warning("release.unavailable", error=str(error), hint=error.hint)

    # ----------------------------------------------------------------------- claiming

    async def _claim_until_drained(self, tasks: asyncio.TaskGroup) -> None:
        while not (self._draining and not self._owned):
            self._news.clear()
            rest = POLL
            if not self._draining:
                rest = await self._claim_all(tasks)
            try:
                async with asyncio.timeout(rest):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _claim_all(self, tasks: asyncio.TaskGroup) -> float:
        """Claim what is due; return after how many seconds to look again."""
        lapsed = False
        while len(self._owned) < self._capacity and not self._draining:
            await self._admission.wait()
            lapsed = lapsed or self._kit.clock.monotonic() + SOON >= self._lapse
            most = min(AT_ONCE, self._capacity - len(self._owned)) if lapsed else 1
            try:
                claimed = await self._claim(most)
            except StoreUnavailableError as error:
                log.warning("claim.unavailable", error=str(error), hint=error.hint)
                break
            for claim in claimed.claims:
                self._own(tasks, claim)
            if len(claimed.claims) < most:
                return min(POLL, max(SOON, self._lapse - self._kit.clock.monotonic()))
        return POLL

    async def _claim(self, most: int) -> Claimed:
        async with self._kit.store.begin("worker.claim") as tx:
            claimed = await tx.claim_conversations(
                worker_id=self._worker_id,
                lease=self._lease,
                generation=GENERATION,
                most=most,
            )
        next_in = (
            math.inf if claimed.next_in is None else claimed.next_in.total_seconds()
        )
        self._lapse = self._kit.clock.monotonic() + next_in
        return claimed

    def _own(self, tasks: asyncio.TaskGroup, claim: Claim) -> None:
        conversation = Conversation(claim, self._kit)
        if self._draining:  # told so while it was being claimed
            conversation.drain()
        # Our own lease may have run out while this process was busy: then the one
        # who held it before ends first, because they share what is shown.
        before = self._tasks.get(claim.conversation_id)
        self._owned[claim.conversation_id] = conversation
        task = tasks.create_task(self._work(conversation, before))
        self._tasks[claim.conversation_id] = task

    async def _work(
        self, conversation: Conversation, before: asyncio.Task[None] | None
    ) -> None:
        """Run one conversation; whatever goes wrong in it stays in it."""
        log.debug("conversation.claimed", conversation=conversation.conversation_id)
        try:
            if before:
                before.cancel()
                await asyncio.wait([before])
            await conversation.run()
        except* LeaseLostError as group:
            self._kit.telemetry.leases_lost.inc()
            lost = group.exceptions[0]
            log.warning("lease.lost", error=str(lost), hint=LeaseLostError.hint)
            # If it was not: what was refused is found in the log by who goes on.
            await self._put_off(conversation.claim, SHORT)
        except* StoreUnavailableError as group:
            gone = group.exceptions[0]
            log.warning(
                "conversation.interrupted",
                conversation=conversation.conversation_id,
                error=str(gone),
                hint="It goes on from the log when Postgres is back.",
            )
            await self._put_off(conversation.claim, SHORT)
        except* Exception as group:
            log.exception(
                "conversation.failed",
                conversation=conversation.conversation_id,
                errors=[repr(e) for e in group.exceptions],
                hint="It is tried again after a pause.",
            )
            await self._put_off(conversation.claim, PAUSE)
        finally:
            conversation.abandon()
            if self._owned.get(conversation.conversation_id) is conversation:
                del self._owned[conversation.conversation_id]
                del self._tasks[conversation.conversation_id]
            self._news.set()

    async def _put_off(self, claim: Claim, pause: timedelta) -> None:
        """Give a conversation back for a while after an error in it."""
        try:
            async with self._kit.store.begin("worker.put_off") as tx:
                await tx.release(claim, await tx.now() + pause, delay=pause)
        except StoreUnavailableError as error:
            log.warning("release.unavailable", error=str(error), hint=error.hint)

    # ------------------------------------------------------------------------- waking

    def _hear(self, conversation_id: ConversationId) -> None:
        conversation = self._owned.get(conversation_id)
        if conversation:
            conversation.wake()
        else:
            self._news.set()

    def _look_everywhere(self) -> None:
        """Look for what was notified while nobody listened."""
        self._news.set()
        for conversation in self._owned.values():
            conversation.wake()

    async def _tidy(self) -> None:
        """Forget deliveries that no platform will repeat any more."""
        while True:
            try:
                async with self._kit.store.begin("worker.tidy") as tx:
                    gone = await tx.forget_deliveries()
            except StoreUnavailableError as error:
                log.warning("tidy.unavailable", error=str(error), hint=error.hint)
            else:
                log.info("tidy.done", deliveries=gone)
            await self._kit.clock.sleep(TIDY)

    async def _beat(self) -> None:
        """Extend the leases, and hear which are lost; one slow answer delays no other."""
        under_way = asyncio.Semaphore(HEARTBEATS)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._kit.clock.sleep(HEARTBEAT)
                await under_way.acquire()
                beat = tasks.create_task(self._beat_once())
                beat.add_done_callback(lambda _: under_way.release())

    async def _beat_once(self) -> None:
        claims = [conversation.claim for conversation in self._owned.values()]
        if not claims:
            return
        try:
            async with self._kit.store.begin("worker.heartbeat") as tx:
                held = await tx.heartbeat(claims, self._lease)
        except StoreUnavailableError as error:
            log.warning("heartbeat.unavailable", error=str(error), hint=error.hint)
            return
        for claim in claims:
            conversation = self._owned.get(claim.conversation_id)
            if conversation is None or conversation.claim != claim:
                continue
            if claim.conversation_id in held:
                # Also the slow poll behind NOTIFY, and when deadlines are seen.
                conversation.wake(held[claim.conversation_id])
            else:
                self._kit.telemetry.leases_lost.inc()
                self._tasks[claim.conversation_id].cancel()
