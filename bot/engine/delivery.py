"""Show turns: the shell around the pacer.

Told of every committed state (`Delivery.show`), it keeps what each surface should
show, asks the pacer when and which, renders then (never earlier: the newest state
wins), sends, and writes receipts. A surface's row says what is known of it:

    planned -> intent (committed before the post) -> receipt -> shown

Found with an intent and no receipt, the platform is asked first (`find_post`), and
only when the message is certainly not there a new post is made.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, tzinfo

import structlog

from bot.clock import Clock
from bot.engine.doubt import found_again
from bot.engine.exhibit import Exhibit, taken_over
from bot.engine.reach import Reach
from bot.engine.receipts import Receipts
from bot.engine.telemetry import Telemetry
from bot.engine.watchers import Watchers
from bot.errors import (
    AmbiguousSendError,
    DeskhandError,
    LeaseLostError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
    StoreUnavailableError,
)
from bot.pacing.lanes import LaneLevel
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Tally
from bot.ports.rows import Claim
from bot.ports.store import Store, Transaction
from bot.ports.surface import Operation, Payload, Platform
from bot.protocol.ids import PlatformName, SurfaceId, TurnId
from bot.turn.state import TurnState
from bot.view.bare import bare_view
from bot.view.project import surfaces_of, view_of

log = structlog.get_logger()

LATE = 5.0
"""Seconds for which an edit that was given up on may still arrive (our choice)."""


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
        footer: str = "",
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._receipts = Receipts(store, clock)
        self._platforms = platforms
        self._reach = reach
        self._pacer = pacer
        self._clock = clock
        self._telemetry = telemetry
        self._footer = footer
        self._zone = zone
        self._exhibits: dict[SurfaceId, Exhibit] = {}
        self._of_turn: dict[TurnId, dict[SurfaceId, Exhibit]] = {}
        self._homeless: list[Exhibit] = []
        self._sending: dict[SurfaceId, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._finishing = False
        self.watchers = Watchers()
        """Whom to tell when a turn may have become settled."""

    # ------------------------------------------------------------------ what is told

    def show(self, claim: Claim, state: TurnState) -> None:
        """Let people see ``state``, which is committed."""
        mine = self._of_turn.setdefault(state.turn_id, {})
        for plan in surfaces_of(state):
            exhibit = mine.get(plan.surface_id)
            if exhibit is None:
                exhibit = Exhibit(plan=plan, claim=claim, state=state)
                self._admit(exhibit)
            elif exhibit.stale_after(plan, state):
                exhibit.renew(plan, claim, state)
                self._offer(exhibit)
        self._news.set()

    async def adopt(self, claim: Claim, state: TurnState) -> None:
        """Take over the surfaces that an earlier owner left, then show ``state``.

        What this process still sends for an earlier owner of its own ends first: two
        sends of one surface end in any order.
        """
        ids = {plan.surface_id for plan in surfaces_of(state)}
        if late := [t for s, t in self._sending.items() if s in ids]:
            await asyncio.wait(late)
        async with self._store.begin("surface.load") as tx:
            rows = await tx.load_surfaces(claim.tenant_id, state.turn_id)
        self.forget(state.turn_id)
        doubt = self._clock.monotonic() + LATE
        for exhibit in taken_over(claim, state, rows, doubt=doubt):
            self._admit(exhibit)
        self._news.set()

    def settled(self, turn_id: TurnId) -> bool:
        """Return whether everything of this turn is shown, or never can be."""
        return all(
            exhibit.homed and self._pacer.settled(surface_id)
            for surface_id, exhibit in self._of_turn.get(turn_id, {}).items()
        )

    async def note(self, tx: Transaction, turn_id: TurnId, seq: int) -> None:
        """Write down what a settled turn's surfaces show at ``seq``.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        exhibits = self._of_turn.get(turn_id, {}).values()
        await self._receipts.settled(tx, exhibits, seq)

    def forget(self, turn_id: TurnId) -> None:
        """Drop a turn that is settled, or that somebody else owns now."""
        for surface_id in self._of_turn.pop(turn_id, {}):
            self._exhibits.pop(surface_id, None)
            self._pacer.forget(surface_id)

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
            while True:
                self._news.clear()
                homeless, self._homeless = self._homeless, []
                for exhibit in homeless:
                    tasks.create_task(self._home(exhibit))
                if self._finishing:
                    await self._news.wait()
                    continue
                plan = self._pacer.plan(self._clock.monotonic())
                for send in plan.sends:
                    sending = tasks.create_task(
                        self._send(self._exhibits[send.surface])
                    )
                    self._sending[send.surface] = sending
                await self._wait_until(plan.wake_at)

    async def finish(self, within: float) -> None:
        """Begin no more sends, and wait for those under way.

        Whoever owns their conversations next need not look for them then.

        Args:
            within: Seconds to wait at most.
        """
        self._finishing = True
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=within)

    async def _wait_until(self, at: float | None) -> None:
        try:
            async with asyncio.timeout(
                None if at is None else max(0.0, at - self._clock.monotonic())
            ):
                await self._news.wait()
        except TimeoutError:
            pass

    def _admit(self, exhibit: Exhibit) -> None:
        self._exhibits[exhibit.surface_id] = exhibit
        self._of_turn.setdefault(exhibit.state.turn_id, {})[exhibit.surface_id] = (
            exhibit
        )
        if exhibit.address is None:
            self._homeless.append(exhibit)
        else:
            self._offer(exhibit)

    async def _home(self, exhibit: Exhibit) -> None:
        """Find out where a person is reached, then offer the surface."""
        try:
            exhibit.address = await self._reach.address_of(
                exhibit.claim.tenant_id, exhibit.plan.person_id
            )
        except DeskhandError as error:
            who = exhibit.plan.person_id
            log.warning(
                "surface.unreachable", person=who, error=str(error), hint=error.hint
            )
            exhibit.unreachable = not error.retryable
            if error.retryable:
                limited = isinstance(error, RateLimitedError)
                await self._clock.sleep(error.retry_after if limited else 1.0)
                if self._exhibits.get(exhibit.surface_id) is exhibit:
                    self._homeless.append(exhibit)
        except Exception:
            log.exception("surface.failed", surface=exhibit.surface_id)
            exhibit.unreachable = True
        else:
            self._offer(exhibit)
        self._tell(exhibit)

    def _offer(self, exhibit: Exhibit) -> None:
        if exhibit.address is None or exhibit.surface_id not in self._exhibits:
            return
        operation: Operation = "edit" if exhibit.receipt else "post"
        platform = self._platforms[exhibit.address.platform]
        self._pacer.offer(
            exhibit.surface_id,
            exhibit.state.seq,
            priority=exhibit.priority,
            lanes=platform.lanes(operation, exhibit.address),
            now=self._clock.monotonic(),
        )

    def _tell(self, exhibit: Exhibit) -> None:
        self._news.set()
        self.watchers.tell(exhibit.state.turn_id)

    # ----------------------------------------------------------------------- sending

    async def _send(self, exhibit: Exhibit) -> None:
        surface = exhibit.surface_id
        try:
            await self._show_newest(exhibit)
        except RateLimitedError as error:
            self._count(exhibit, "throttled")
            now = self._clock.monotonic()
            self._pacer.throttled(surface, now, retry_after=error.retry_after)
        except AmbiguousSendError as error:
            self._count(exhibit, "ambiguous")
            exhibit.doubt(self._clock.monotonic() + LATE)
            self._retry(exhibit, error)
        except LeaseLostError:
            self._abandon(exhibit)  # the new owner shows it
        except MessageGoneError as error:
            await self._replace(exhibit, error)
        except PlatformError as error:
            await self._refused(exhibit, error)
        except StoreUnavailableError as error:
            self._retry(exhibit, error)
        except Exception:
            # A mistake of ours with one message must not end everybody's delivery.
            log.exception("surface.failed", surface=surface, role=exhibit.plan.role)
            self._pacer.failed(surface, self._clock.monotonic())
            self._offer(exhibit)
        finally:
            self._sending.pop(surface, None)
        self._tell(exhibit)

    async def _show_newest(self, exhibit: Exhibit) -> None:
        address = exhibit.address
        assert address is not None, "only surfaces with a place are offered"
        platform = self._platforms[address.platform]
        view = view_of(
            exhibit.state,
            exhibit.plan.audience,
            self._clock.now(),
            footer=self._footer,
            zone=self._zone,
        )
        payload = platform.render(bare_view(view) if exhibit.bare else view)
        seq, begun = exhibit.state.seq, self._clock.monotonic()
        if exhibit.receipt and payload.digest == exhibit.digest:
            self._pacer.unchanged(exhibit.surface_id, self._clock.monotonic())
            return
        if exhibit.receipt:
            await self._receipts.still_ours(exhibit)
            exhibit.receipt = await platform.edit(exhibit.receipt, payload)
            if exhibit.receipt != exhibit.written:
                await self._receipts.posted(exhibit, payload, seq)
        elif not await self._post(platform, exhibit, payload, seq):
            return
        exhibit.digest, exhibit.shown_seq = payload.digest, seq
        self._count(exhibit, "ok")
        now = self._clock.monotonic()
        if exhibit.doubted_until > begun and exhibit.state.seq == seq:
            # What was given up on may have covered this before its answer came, or
            # may do so yet: show it again then.
            exhibit.digest, until = "", exhibit.doubted_until
            self._pacer.failed(exhibit.surface_id, now, retry_at=until)
            self._offer(exhibit)  # an edit from now on, if this was a post
            return
        self._pacer.succeeded(
            exhibit.surface_id,
            now,
            lanes=platform.lanes("edit", exhibit.receipt.address)
            if exhibit.receipt
            else None,
        )

    async def _post(
        self, platform: Platform, exhibit: Exhibit, payload: Payload, seq: int
    ) -> bool:
        """Post once, visibly. Whether there is a message now."""
        assert exhibit.address is not None, "only surfaces with a place are offered"
        if exhibit.intent_at is not None and platform.history_lag is not None:
            found = await found_again(platform, exhibit)
            now = self._clock.monotonic()
            if found:  # an edit shows the newest: it has its own budget
                self._pacer.failed(exhibit.surface_id, now, retry_at=now)
                self._offer(exhibit)
                return False
            # Our own time, from when we learned of it: clocks of replicas differ.
            if exhibit.in_doubt_since is None:
                exhibit.in_doubt_since = now
            until = exhibit.in_doubt_since + platform.history_lag
            if now < until:
                self._pacer.failed(exhibit.surface_id, now, retry_at=until)
                return False
        exhibit.in_doubt_since = None
        await self._receipts.intended(exhibit)
        try:
            exhibit.receipt = await platform.post(
                exhibit.address, payload, surface=exhibit.mark
            )
        except AmbiguousSendError:
            raise
        except PlatformError:
            exhibit.intent_at = None  # certainly not posted: no need to look
            raise
        await self._receipts.posted(exhibit, payload, seq)
        if exhibit.plan.role == "progress" and exhibit.state.started_at:
            since = self._clock.now() - exhibit.state.started_at
            self._telemetry.first_visible.observe(since.total_seconds())
        return True

    def _retry(self, exhibit: Exhibit, error: DeskhandError) -> None:
        log.warning("surface.retried", error=str(error), hint=error.hint)
        self._pacer.failed(exhibit.surface_id, self._clock.monotonic())
        self._offer(exhibit)  # whether it is a post or an edit may have changed

    async def _replace(self, exhibit: Exhibit, error: MessageGoneError) -> None:
        """Somebody deleted it: cards and answers come again once, progress does not."""
        if exhibit.plan.role == "progress" or exhibit.replaced:
            await self._give_up(exhibit, error)
            return
        exhibit.replace()
        self._retry(exhibit, error)

    async def _refused(self, exhibit: Exhibit, error: PlatformError) -> None:
        """Pass over content that a platform does not take, unless it is the last."""
        match exhibit.refused():
            case "pass over":
                log.warning("surface.passed_over", error=str(error), hint=error.hint)
                self._count(exhibit, "refused")
                self._pacer.succeeded(exhibit.surface_id, self._clock.monotonic())
            case "try again":
                self._count(exhibit, "refused")
                self._retry(exhibit, error)
            case "give up":
                await self._give_up(exhibit, error)

    async def _give_up(self, exhibit: Exhibit, error: PlatformError) -> None:
        surface = exhibit.surface_id
        try:
            await self._receipts.failed(exhibit, error)
            exhibit.given_up = True
            log.error("surface.abandoned", surface=surface, error=str(error))
        except StoreUnavailableError as failure:
            self._retry(exhibit, failure)  # or nobody would ever know of it
            return
        except LeaseLostError:
            log.info("surface.left", surface=surface)  # to its new owner
        self._count(exhibit, "refused")
        self._abandon(exhibit)

    def _abandon(self, exhibit: Exhibit) -> None:
        surface, now = exhibit.surface_id, self._clock.monotonic()
        if self._exhibits.get(surface) is exhibit:
            self._pacer.abandon(surface, now)
        else:  # it was forgotten meanwhile, and counted until now
            self._pacer.failed(surface, now)

    def _count(self, exhibit: Exhibit, outcome: str) -> None:
        platform = exhibit.address.platform if exhibit.address else ""
        operation = "edit" if exhibit.receipt else "post"
        self._telemetry.sends.labels(platform, operation, outcome).inc()
