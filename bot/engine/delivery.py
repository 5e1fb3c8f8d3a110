"""Show turns: the shell around the pacer.

Told of every committed state (`Delivery.show`), it keeps what each surface should
show, asks the pacer when and which, renders then (never earlier: the newest state
wins), sends, and writes receipts. A surface's row says what is known of it:

    planned -> intent (committed before the post) -> receipt -> shown

Found with an intent and no receipt, the platform is asked first (`find_post`), and
only when the message is certainly not there a new post is made.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, tzinfo
from math import inf

import structlog

from bot.clock import Clock
from bot.engine.budgets import Budgets
from bot.engine.exhibit import Exhibit, taken_over
from bot.engine.exhibition import Exhibition
from bot.engine.lock_outs import LockOuts
from bot.engine.places import find_place
from bot.engine.presence import Presences
from bot.engine.reach import Reach
from bot.engine.receipts import Receipts
from bot.engine.refusals import LATE, LOUDNESS, Failure, verdict_on
from bot.engine.showing import END_APART, Outcome, Showing
from bot.engine.sources import Sources
from bot.engine.telemetry import Telemetry
from bot.engine.watchers import Watchers
from bot.errors import (
    AmbiguousSendError,
    DeskhandError,
    LeaseLostError,
    NeedlessError,
    PlatformError,
    StoreUnavailableError,
)
from bot.pacing.lanes import LaneLevel
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Tally
from bot.ports.presence import Presence
from bot.ports.rows import Claim
from bot.ports.store import Store, Transaction
from bot.ports.streaming import Streams
from bot.ports.surface import Platform
from bot.protocol.ids import PlatformName, SurfaceId, TurnId
from bot.turn.state import TurnState
from bot.view.project import answer_id, surfaces_of

log = structlog.get_logger()


class Delivery:
    """Shows the turns of this process on all platforms."""

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[PlatformName, Platform],
        reach: Reach,
        pacer: Pacer,
        clock: Clock,
        telemetry: Telemetry,
        streams: Mapping[PlatformName, Streams] | None = None,
        presences: Mapping[PlatformName, Presence] | None = None,
        budgets: Budgets | None = None,
        footer: str = "",
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._receipts = Receipts(store, clock)
        self._shown = Exhibition()
        self._lock_outs = LockOuts()
        self._showing = Showing(
            platforms=platforms,
            streams=streams or {},
            receipts=self._receipts,
            beside=self._shown.beside,
            clock=clock,
            telemetry=telemetry,
            footer=footer,
            zone=zone,
        )
        self._reach = reach
        self._pacer = pacer
        self._presences = Presences(presences or {}, pacer, clock)
        self._budgets = budgets
        self._clock = clock
        self._telemetry = telemetry
        self._homeless: list[Exhibit] = []
        self._sending: dict[SurfaceId, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._finishing = False
        self.watchers = Watchers()
        """Whom to tell when a turn may have become settled."""
        self.sources = Sources()
        """Whom to ask for what is newer, right before it is shown."""

    # ------------------------------------------------------------------ what is told

    def show(self, claim: Claim, state: TurnState) -> None:
        """Let people see ``state``, which is committed."""
        self._plan(claim, state)
        self._news.set()

    def _plan(
        self, claim: Claim, state: TurnState, *, begun: Collection[SurfaceId] = ()
    ) -> None:
        """Offer what ``state`` changes; ``begun``: surfaces that shall be there, too."""
        mine = self._shown.of(state.turn_id)
        for plan in surfaces_of(state, there={*mine, *begun}):
            exhibit = mine.get(plan.surface_id)
            if exhibit is None:
                exhibit = Exhibit(plan=plan, claim=claim, state=state)
                self._admit(exhibit)
            elif exhibit.stale_after(plan, state):
                exhibit.renew(plan, claim, state)
                self._offer(exhibit)
        self._note_doing(state)

    async def adopt(self, claim: Claim, state: TurnState) -> None:
        """Take over the surfaces that an earlier owner left, then show ``state``.

        What this process still sends for an earlier owner of its own ends first: two
        sends of one surface end in any order.
        """
        ids = {plan.surface_id for plan in surfaces_of(state)}
        ids.update(self._shown.of(state.turn_id))
        if late := [t for s, t in self._sending.items() if s in ids]:
            await asyncio.wait(late)
        async with self._store.begin("surface.load") as tx:
            rows = await tx.load_surfaces(claim.tenant_id, state.turn_id)
        self.forget(state.turn_id)
        doubt = self._clock.monotonic() + LATE
        for exhibit in taken_over(claim, state, rows, doubt=doubt):
            self._showing.recall(exhibit)
            self._admit(exhibit)
        self._news.set()

    def settled(self, turn_id: TurnId) -> bool:
        """Return whether everything of this turn is shown, or never can be."""
        return self._shown.all_are(self._pacer.settled, turn_id)

    def told(self, turn_id: TurnId) -> bool:
        """Return the same, but for what only sums up what is told elsewhere."""
        return self._shown.all_are(self._pacer.told, turn_id)

    async def note(self, tx: Transaction, turn_id: TurnId, seq: int) -> None:
        """Write down which of a turn's surfaces show it as it is at ``seq``.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        exhibits = self._shown.of(turn_id).values()
        told = [e for e in exhibits if self._pacer.told(e.surface_id)]
        await self._receipts.settled(tx, told, seq)

    def forget(self, turn_id: TurnId) -> None:
        """Drop a turn that is settled, or that somebody else owns now."""
        for surface_id, exhibit in self._shown.drop(turn_id).items():
            self._pacer.forget(surface_id)
            self._presences.forget(turn_id, exhibit.state.address)

    @property
    def tally(self) -> Tally:
        """What has been sent and saved so far."""
        return self._pacer.tally

    def lane_levels(self) -> tuple[LaneLevel, ...]:
        """Return what is left of every budget."""
        return self._pacer.lane_levels(self._clock.monotonic())

    # ------------------------------------------------------------------------ pacing

    async def run(self) -> None:
        """Send what the pacer says, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._budgets:
                told = self._news.set
                tasks.create_task(self._budgets.run(self._pacer.sharing, told))
            while True:
                self._news.clear()
                homeless, self._homeless = self._homeless, []
                for exhibit in homeless:
                    tasks.create_task(self._home(exhibit))
                if self._finishing:
                    await self._news.wait()
                    continue
                look_at = self._presences.look(self._clock.monotonic())
                plan = self._pacer.plan(self._clock.monotonic())
                if self._budgets and self._pacer.sharing.hungry:
                    self._budgets.wake()
                for send in plan.sends:
                    if send.surface in self._presences:
                        tasks.create_task(self._presences.say(send.surface))
                        continue
                    exhibit = self._shown[send.surface]
                    if send.way == END_APART:
                        self._end_apart(exhibit)
                    else:
                        exhibit.apart = send.apart
                        sending = tasks.create_task(self._send(exhibit, send.way))
                        self._sending[send.surface] = sending
                await self._wait_until(min(plan.wake_at or inf, look_at))

    async def finish(self, within: float) -> None:
        """Begin no more sends, and wait so many seconds at most for those under way.

        Whoever owns their conversations next need not look for them then.
        """
        self._finishing = True
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=within)

    async def _wait_until(self, at: float) -> None:
        rest = None if at == inf else max(0.0, at - self._clock.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._news.wait()

    def _admit(self, exhibit: Exhibit) -> None:
        self._shown.add(exhibit)
        if exhibit.address is None and exhibit.plan.role != "reminder":
            self._homeless.append(exhibit)
            return
        exhibit.streamable = self._showing.suits_stream(exhibit)
        self._offer(exhibit)

    async def _home(self, exhibit: Exhibit) -> None:
        """Find out where a person is reached, then offer the surface."""
        again = await find_place(self._reach, exhibit, self._clock)
        if again and self._shown.knows(exhibit):
            self._homeless.append(exhibit)
        if exhibit.unreachable:
            self._own_up(exhibit)
        self._offer(exhibit)
        self._tell(exhibit)

    def _offer(self, exhibit: Exhibit) -> None:
        self._shown.follow(exhibit)
        if exhibit.address is None or not self._shown.knows(exhibit):
            return
        if exhibit.withheld or self._shown.waits(exhibit):
            return  # offered again at its end, or once the one before it is there
        if exhibit.deleted:
            exhibit.replace()
        self._pacer.offer(
            exhibit.surface_id,
            exhibit.revision,
            priority=exhibit.priority,
            ways=self._showing.ways(exhibit),
            size=exhibit.size,
            ends_soon=exhibit.ends_soon,
            now=self._clock.monotonic(),
        )

    def _tell(self, exhibit: Exhibit) -> None:
        """Let everybody know that something has become of a surface."""
        for other in self._shown.of(exhibit.state.turn_id).values():
            if other.comes_after == exhibit.surface_id:
                self._offer(other)
        self._note_doing(exhibit.state)
        self._news.set()
        self.watchers.tell(exhibit.state.turn_id)

    def _note_doing(self, state: TurnState) -> None:
        mine = self._shown.of(state.turn_id).values()
        if mine:
            visible = any(e.receipt for e in mine if not e.plan.is_personal)
            self._presences.note(state, visible=visible)

    def _end_apart(self, exhibit: Exhibit) -> None:
        """Let the ending be a message of its own: that is there sooner than an edit.

        From the commit of that message's intent on, whoever owns the turn does so.
        """
        state, now = exhibit.state, self._clock.monotonic()
        if self._showing.is_shown(exhibit):  # an earlier owner got that far
            self._pacer.unchanged(exhibit.surface_id, now)
        else:
            self._pacer.handed_over(exhibit.surface_id, now)
            self._plan(exhibit.claim, state, begun=[answer_id(state.turn_id)])
        self._tell(exhibit)

    # ----------------------------------------------------------------------- sending

    async def _send(self, exhibit: Exhibit, way: str) -> None:
        surface = exhibit.surface_id
        try:
            await self.sources.catch_up(exhibit.state.turn_id)
            self._settle(exhibit, await self._showing.show(exhibit, way))
        except (PlatformError, LeaseLostError, StoreUnavailableError) as error:
            await self._failed(exhibit, error)
        except Exception:
            # A mistake of ours with one message must not end everybody's delivery.
            log.exception("surface.failed", surface=surface, role=exhibit.plan.role)
            self._pacer.failed(surface, self._clock.monotonic())
            self._offer(exhibit)
        finally:
            self._sending.pop(surface, None)
        self._tell(exhibit)

    def _settle(self, exhibit: Exhibit, outcome: Outcome) -> None:
        surface, now = exhibit.surface_id, self._clock.monotonic()
        match outcome.kind:
            case "unchanged":
                self._pacer.unchanged(surface, now)
            case "again":
                self._pacer.failed(surface, now, retry_at=outcome.at)
                self._offer(exhibit)
            case "shown":
                self._count(exhibit, "ok")
                self._pacer.succeeded(surface, now, ways=self._showing.ways(exhibit))
                self._lock_outs.accepted(exhibit)
                for other in self._shown.to_take_back(exhibit):
                    self._offer(other)

    async def _failed(self, exhibit: Exhibit, error: Failure) -> None:
        surface, now = exhibit.surface_id, self._clock.monotonic()
        verdict = verdict_on(exhibit, error, now, self._lock_outs)
        log.log(
            LOUDNESS[verdict.kind],
            "surface.not_shown",
            surface=surface,
            error=str(error),
            hint=error.hint,
            then=verdict.kind,
        )
        match verdict.kind:
            case "throttle" | "finals only" as kind:
                self._count(exhibit, "throttled")
                rest, quota = (verdict.at or now) - now, kind == "finals only"
                self._pacer.throttled(surface, now, retry_after=rest, quota=quota)
            case "retry":
                self._retry(exhibit, error, verdict.at)
            case "leave":
                self._abandon(exhibit)
            case "pass over":
                self._count(exhibit, "refused")
                self._pacer.succeeded(surface, now)
                if exhibit.withheld:
                    self._pacer.forget(surface)  # what is newer, too
                self._offer(exhibit)  # a stream that was refused something is closed
            case "move":
                self._count(exhibit, "refused")
                self._pacer.failed(surface, now)
                self._pacer.forget(surface)  # until its new place is known
                self._homeless.append(exhibit)
            case "give up":
                await self._give_up(exhibit, error)

    def _retry(
        self, exhibit: Exhibit, error: DeskhandError, at: float | None = None
    ) -> None:
        ambiguous = isinstance(error, AmbiguousSendError)
        self._count(exhibit, "ambiguous" if ambiguous else "retried")
        self._pacer.failed(exhibit.surface_id, self._clock.monotonic(), retry_at=at)
        self._offer(exhibit)  # whether it is a post or an edit may have changed

    async def _give_up(self, exhibit: Exhibit, error: Failure) -> None:
        surface = exhibit.surface_id
        try:
            await self._receipts.failed(exhibit, error)
            exhibit.given_up = True
            self._lock_outs.given_up(exhibit)
            needless = isinstance(error, NeedlessError)
            level = logging.INFO if needless else logging.ERROR
            log.log(level, "surface.abandoned", surface=surface, error=str(error))
        except StoreUnavailableError as failure:
            self._retry(exhibit, failure)  # or nobody would ever know of it
            return
        except LeaseLostError:
            log.info("surface.left", surface=surface)  # to its new owner
        else:
            self._own_up(exhibit)
        self._count(exhibit, "refused")
        self._abandon(exhibit)

    def _own_up(self, exhibit: Exhibit) -> None:
        """Let who asked know whose card cannot be shown, if it is one."""
        for other in self._shown.to_own_up(exhibit):
            self._offer(other)

    def _abandon(self, exhibit: Exhibit) -> None:
        surface, now = exhibit.surface_id, self._clock.monotonic()
        if self._shown.knows(exhibit):
            self._pacer.abandon(surface, now)
        else:  # it was forgotten meanwhile, and counted until now
            self._pacer.failed(surface, now)

    def _count(self, exhibit: Exhibit, outcome: str) -> None:
        platform = exhibit.address.platform if exhibit.address else ""
        self._telemetry.sends.labels(platform, exhibit.operation, outcome).inc()
