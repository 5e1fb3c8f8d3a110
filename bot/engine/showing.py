"""Bring one surface up to date on its platform: post it, edit it, or let it grow.

Whatever it was before and whatever becomes of the call, the next look goes on from the
exhibit: it knows the message, whether that streams, and what it shows.
"""

from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, tzinfo
from math import inf
from typing import Any, Literal

import structlog

from bot.clock import Clock
from bot.engine.doubt import found_again, may_stream
from bot.engine.exhibit import Exhibit
from bot.engine.receipts import Receipts
from bot.engine.telemetry import Telemetry
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    NeedlessError,
    PlatformError,
    RateLimitedError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.pacing.way import Use, Way
from bot.ports.streaming import Streams
from bot.ports.surface import Payload, Platform, Receipt
from bot.protocol.ids import PlatformName
from bot.protocol.inbound import Address
from bot.turn.state import Phase
from bot.view.bare import bare_view
from bot.view.project import view_of

log = structlog.get_logger()


END_APART = "end apart"
"""The way of an ending that becomes a message of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a surface."""

    kind: Literal["shown", "unchanged", "again"]
    at: float = 0.0
    """When to look ``again``: monotonic seconds."""


SHOWN, UNCHANGED = Outcome(kind="shown"), Outcome(kind="unchanged")


class Showing:
    """Shows exhibits on their platforms, one call at a time.

    Args:
        platforms: Where exhibits are shown.
        streams: Native streaming, on platforms that have it.
        receipts: Where it is written down.
        beside: Returns what else is shown of an exhibit's conversation.
        clock: For deadlines.
        telemetry: Counts what is unusual.
        footer: What must be said under every answer.
        zone: In which times are written.
    """

    def __init__(
        self,
        *,
        platforms: Mapping[PlatformName, Platform],
        streams: Mapping[PlatformName, Streams],
        receipts: Receipts,
        beside: Callable[[Exhibit], Collection[Exhibit]],
        clock: Clock,
        telemetry: Telemetry,
        footer: str = "",
        zone: tzinfo = UTC,
    ) -> None:
        self._platforms = platforms
        self._streams = streams
        self._receipts = receipts
        self._beside = beside
        self._clock = clock
        self._telemetry = telemetry
        self._footer = footer
        self._zone = zone

    def ways(self, exhibit: Exhibit) -> tuple[Way, ...]:
        """Return by which calls the surface may be sent next, and then."""
        to = exhibit.receipt.address if exhibit.receipt else exhibit.address
        assert to is not None, "only surfaces with a place are offered"
        receipt = exhibit.receipt
        stream = receipt.stream if receipt and to.platform in self._streams else None
        if stream is not None and exhibit.closes_at is None:
            left = stream.until - self._clock.now()
            exhibit.closes_at = self._clock.monotonic() + left.total_seconds()
        # Nobody looks after the stream of a turn that is parked.
        rests = exhibit.rests or exhibit.state.phase is Phase.PARKED
        known = (
            to,
            receipt is None,
            exhibit.streamable,
            stream is not None and (exhibit.closes_at, rests),
            exhibit.plan.may_move,
            exhibit.moved,
            exhibit.doubted_until,
        )
        if exhibit.led_by is None or exhibit.led_by[0] != known:
            ways = self._ways(exhibit, to, streams=stream is not None, rests=rests)
            exhibit.led_by = (known, ways)
        return exhibit.led_by[1]

    def _ways(
        self, exhibit: Exhibit, to: Address, *, streams: bool, rests: bool
    ) -> tuple[Way, ...]:
        platform = self._platforms[to.platform]
        posts, edits = platform.lanes("post", to), platform.lanes("edit", to)
        movable = exhibit.plan.may_move and not exhibit.moved
        by = exhibit.doubted_until if exhibit.doubted else None
        edit: tuple[Way, ...] = (Way(name="edit", lanes=edits, by=by),)
        if movable and posts != edits:
            edit += (Way(name=END_APART, lanes=posts, use=Use.ENDING),)
        if exhibit.receipt is None:
            post = Way(name="post", lanes=posts, then=edit)
            return (post, self._opening(to, edit)) if exhibit.streamable else (post,)
        if not streams:
            return edit
        if rests:
            # Not only as a last word: what comes next waits for it.
            lanes = self._streams[to.platform].lanes("close", to)
            return (Way(name="close", lanes=lanes, then=edit),)
        return self._growing(to, edit, exhibit.closes_at)

    def _opening(self, to: Address, edit: tuple[Way, ...]) -> Way:
        return Way(
            name="open",
            lanes=self._streams[to.platform].lanes("open", to),
            use=Use.PROGRESS,
            then=self._growing(to, edit),
        )

    def _growing(
        self, to: Address, edit: tuple[Way, ...], by: float | None = None
    ) -> tuple[Way, Way]:
        streams = self._streams[to.platform]
        append, close = streams.lanes("append", to), streams.lanes("close", to)
        return (
            Way(name="append", lanes=append, use=Use.PROGRESS),
            Way(name="close", lanes=close, use=Use.ENDING, by=by, then=edit),
        )

    def suits_stream(self, exhibit: Exhibit) -> bool:
        """Whether a stream may be opened for what it shows now."""
        to = exhibit.address
        streams = self._streams.get(to.platform) if to else None
        if to is None or streams is None or exhibit.intent_at or exhibit.receipt:
            return False
        if exhibit.plan.role != "progress" or exhibit.plan.final:
            return False
        return streams.suits(to, self._payload(exhibit, self._platforms[to.platform]))

    def recall(self, exhibit: Exhibit) -> None:
        """Tell the platform whose a message is that was taken over, or found."""
        if exhibit.receipt is None:
            return
        if streams := self._streams.get(exhibit.receipt.address.platform):
            streams.recall(exhibit.receipt, exhibit.mark)

    def is_shown(self, exhibit: Exhibit) -> bool:
        """Whether its message is known to show the newest state already."""
        assert exhibit.address is not None, "only surfaces with a place are offered"
        platform = self._platforms[exhibit.address.platform]
        return self._payload(exhibit, platform).digest == exhibit.digest

    async def show(self, exhibit: Exhibit, step: str) -> Outcome:
        """Let the platform show the newest state.

        Args:
            exhibit: Of what.
            step: By which of its `ways`.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
            PlatformError: See `bot.ports.surface.Platform`.
            StoreUnavailableError: It could not be written down.
        """
        assert exhibit.address is not None, "only surfaces with a place are offered"
        platform = self._platforms[exhibit.address.platform]
        payload = self._payload(exhibit, platform)
        seq, begun = exhibit.state.seq, self._clock.monotonic()
        if step in {"append", "edit"} and payload.digest == exhibit.digest:
            return UNCHANGED
        match step:
            case "open" if not may_stream(self._beside(exhibit)):
                exhibit.streamable = False
                return self._again()
            case "post" | "open":
                stream = step == "open"
                outcome = await self._post(platform, exhibit, payload, stream=stream)
            case "append":
                outcome = await self._append(exhibit, payload, seq)
            case "close":
                outcome = await self._close(exhibit, payload)
            case _:
                outcome = await self._edit(platform, exhibit, payload)
        if outcome is not SHOWN:
            return outcome
        exhibit.digest, exhibit.shown_seq = payload.digest, seq
        exhibit.foretold = exhibit.apart
        if exhibit.doubted_until > begun:
            # What was given up on may have covered this before its answer came, or
            # may do so yet: an edit is due then (`ways`), even if it looks the same.
            exhibit.digest = ""
        else:
            exhibit.doubted_until = -inf
        return SHOWN

    def _payload(self, exhibit: Exhibit, platform: Platform) -> Payload:
        view = view_of(
            exhibit.state,
            exhibit.audience,
            self._clock.now(),
            footer=self._footer,
            zone=self._zone,
        )
        return platform.render(bare_view(view) if exhibit.bare else view)

    def _again(self, at: float | None = None) -> Outcome:
        return Outcome(kind="again", at=self._clock.monotonic() if at is None else at)

    # -------------------------------------------------------------------- new messages

    async def _post(
        self, platform: Platform, exhibit: Exhibit, payload: Payload, *, stream: bool
    ) -> Outcome:
        """Post once, visibly."""
        seq = exhibit.state.seq
        assert exhibit.address is not None, "only surfaces with a place are offered"
        if first := await self._before_a_post(platform, exhibit):
            return first
        exhibit.in_doubt_since = None
        await self._receipts.intended(exhibit)
        if stream and not may_stream(self._beside(exhibit)):
            exhibit.streamable, exhibit.intent_at = False, None
            return self._again()
        way = self._streams[platform.name].open if stream else platform.post
        try:
            exhibit.receipt = await way(exhibit.address, payload, surface=exhibit.mark)
            exhibit.grown = payload if stream else None
        except AmbiguousSendError:
            exhibit.streamable = False
            raise
        except StreamRefusedError as error:
            log.info("surface.not_streamed", error=str(error))
            exhibit.streamable, exhibit.intent_at = False, None
            return self._again()
        except PlatformError:
            exhibit.intent_at = None  # certainly not posted: no need to look
            raise
        await self._receipts.posted(exhibit, payload, seq)
        if exhibit.plan.role == "progress" and exhibit.state.started_at:
            since = self._clock.now() - exhibit.state.started_at
            self._telemetry.first_visible.observe(since.total_seconds())
        return SHOWN

    async def _before_a_post(
        self, platform: Platform, exhibit: Exhibit
    ) -> Outcome | None:
        """Look for a post that may have happened; return what comes of that instead.

        Raises:
            NeedlessError: It is not there, and nobody needs it any more.
        """
        needless = self._is_needless(exhibit)
        if exhibit.intent_at is not None:
            if platform.history_lag is None:
                doubles = self._telemetry.possible_doubles.labels(platform.name)
                doubles.inc(not needless)
            elif not await self._certainly_missing(platform, exhibit):
                return self._again(exhibit.looked_for_until)
        if needless:
            if exhibit.intent_at is None:
                await self._receipts.intended(exhibit)  # for its row to say why
            raise NeedlessError(platform.name)
        return None

    def _is_needless(self, exhibit: Exhibit) -> bool:
        """Whether it is out of date: it reminds of nothing, or points to what is above."""
        plan, turn_id = exhibit.plan, exhibit.state.turn_id
        if plan.role == "reminder":
            return plan.final
        if plan.role != "progress" or plan.below is None:
            return False
        beside = [e for e in self._beside(exhibit) if e.state.turn_id == turn_id]
        if any(other.plan.role == "page" for other in beside):
            return False  # it is the first page
        return any(e.receipt for e in beside if e.surface_id == plan.below)

    async def _certainly_missing(self, platform: Platform, exhibit: Exhibit) -> bool:
        """Look for a post that may have happened; note when to look again."""
        found = await found_again(platform, exhibit, self._beside(exhibit))
        now = self._clock.monotonic()
        if found:  # an edit shows the newest: it has its own budget
            self.recall(exhibit)
            exhibit.looked_for_until = now
            return False
        # Our own time, from when we learned of it: clocks of replicas differ.
        if exhibit.in_doubt_since is None:
            exhibit.in_doubt_since = now
        exhibit.looked_for_until = exhibit.in_doubt_since + (platform.history_lag or 0)
        return now >= exhibit.looked_for_until

    # -------------------------------------------------------------- messages there are

    async def _edit(
        self, platform: Platform, exhibit: Exhibit, payload: Payload
    ) -> Outcome:
        assert exhibit.receipt is not None, "only what is there is edited"
        seq = exhibit.state.seq
        await self._receipts.still_ours(exhibit)
        exhibit.receipt = await platform.edit(exhibit.receipt, payload)
        if exhibit.receipt != exhibit.written:
            await self._receipts.posted(exhibit, payload, seq)
        return SHOWN

    async def _append(self, exhibit: Exhibit, payload: Payload, seq: int) -> Outcome:
        """Let a stream grow; what it cannot show is edited once it is closed."""
        receipt, shown = exhibit.receipt, exhibit.grown
        assert receipt is not None, "only what is there grows"
        streams = self._streams[receipt.address.platform]
        if shown is None or not streams.extends(shown, payload):
            exhibit.rest()  # closing it has a budget of its own
            return self._again()
        if not await self._on_stream(
            exhibit, streams.append(receipt, payload, shown=shown)
        ):
            return self._again()
        exhibit.grown = payload
        if exhibit.receipt != exhibit.written:  # the store was away when it was opened
            await self._receipts.posted(exhibit, payload, seq)
        return SHOWN

    async def _close(self, exhibit: Exhibit, payload: Payload) -> Outcome:
        """End a stream with the newest state, if it can show that."""
        seq = exhibit.state.seq
        receipt, shown = exhibit.receipt, exhibit.grown
        assert receipt is not None, "only what is there is closed"
        streams = self._streams[receipt.address.platform]
        # Where nobody knows what it shows, the platform may still end it with all of it.
        # One that is to be closed though more will come ends with what it shows: what
        # is new may be what was refused.
        fits = shown is None or (not exhibit.rests and streams.extends(shown, payload))
        closed = await self._on_stream(
            exhibit, streams.close(receipt, payload if fits else None, shown=shown)
        )
        exhibit.rests, exhibit.closes_at = False, None
        if not (closed and fits):
            return self._again()
        await self._receipts.posted(exhibit, payload, seq)
        return SHOWN

    async def _on_stream(
        self, exhibit: Exhibit, call: Coroutine[Any, Any, Receipt]
    ) -> bool:
        """Carry out a call on an open stream; whether it was open until then."""
        receipt, shown, digest = exhibit.receipt, exhibit.grown, exhibit.digest
        assert receipt is not None, "only what is there streams"
        over = receipt.model_copy(update={"stream": None})
        with closing(call):
            await self._receipts.still_ours(exhibit)
            exhibit.grown, exhibit.digest = None, ""  # until we know
            try:
                exhibit.receipt = await call
            except (StreamOverError, StoppedByPersonError) as error:
                log.info("surface.stream_over", error=str(error))
                if isinstance(error, StoppedByPersonError):
                    await self._receipts.stopped(exhibit)
                exhibit.receipt = over
                return False
            except MessageGoneError:
                exhibit.receipt = over
                raise
            except RateLimitedError:
                exhibit.grown, exhibit.digest = shown, digest
                raise
            except AmbiguousSendError:  # close it, whatever it shows, and edit
                exhibit.rest()
                raise
            except PlatformError:  # refused: it shows what it did
                exhibit.grown = shown
                exhibit.rest()
                raise
            return True
