"""What is written down of a surface: that a post is meant, that it happened, or not.

An intent is committed before the post, so that whoever finds it without a receipt
knows to look before posting again.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import structlog

from bot.clock import Clock
from bot.engine.exhibit import Exhibit
from bot.engine.letters import Letter, send_letter
from bot.errors import DeskhandError, LeaseLostError
from bot.ports.store import Store, Transaction
from bot.ports.surface import Payload

log = structlog.get_logger()

FRESH = 2.0
"""Seconds for which an answer about the fence is believed. Whoever takes over waits for
the lease to end before an edit, and for the platform's history before a post."""

SOON = datetime.max.replace(tzinfo=UTC)
"""When a post is meant whose intent is not known to be written down yet: last of all."""


class Receipts:
    """Writes surfaces' rows, fenced by their conversation's claim."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def intended(self, exhibit: Exhibit) -> None:
        """Commit that the surface is about to be posted.

        Raises:
            LeaseLostError: Somebody else owns the conversation; do not post.
        """
        address = exhibit.address
        assert address is not None, "only surfaces with a place are posted"
        # From now on: whether it is written down is only known afterwards. What is
        # written down now is later than all that is.
        if exhibit.written or exhibit.meant_at is None:
            exhibit.meant_at, exhibit.written = SOON, None

        async def intend() -> None:
            async with self._store.begin("surface.intent") as tx:
                at = await tx.record_intent(
                    exhibit.claim,
                    surface_id=exhibit.surface_id,
                    turn_id=exhibit.state.turn_id,
                    role=exhibit.plan.role,
                    person_id=exhibit.plan.person_id,
                    address=address,
                )
            exhibit.intent_at = exhibit.meant_at = at

        await self._freshly(intend)

    async def still_ours(self, exhibit: Exhibit) -> None:
        """Return if the conversation is still this owner's; an edit should not be late.

        Edits are few (a platform allows about one a second), so looking is cheap. A
        process that stood still with an edit to make would otherwise cover what the
        next owner has shown since.

        Raises:
            LeaseLostError: Somebody else owns it, and shows it.
        """
        claim = exhibit.claim

        async def look() -> None:
            async with self._store.begin("surface.fence") as tx:
                if not await tx.fence_ok(claim):
                    raise LeaseLostError(claim.conversation_id, fence=claim.fence)

        await self._freshly(look)

    async def _freshly(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask until the answer is new when it comes.

        A process that stood still meanwhile does not know how things are now.
        """
        fresh = False
        while not fresh:
            begun = self._clock.monotonic()
            await ask()
            fresh = self._clock.monotonic() - begun < FRESH

    async def posted(self, exhibit: Exhibit, payload: Payload, seq: int) -> None:
        """Commit what the platform calls the message, and what it shows.

        That is left open while an edit that was given up on may cover it: who comes
        next would believe it, and leave what came late as it is.

        Args:
            exhibit: The surface.
            payload: What was sent.
            seq: The turn's event up to which it shows the log.
        """
        assert exhibit.receipt is not None, "written after a post"
        known = not exhibit.doubted
        async with self._store.begin("surface.receipt") as tx:
            await tx.record_shown(
                exhibit.claim,
                surface_id=exhibit.surface_id,
                receipt=exhibit.receipt,
                digest=payload.digest if known else "",
                seq=seq if known else 0,
            )
        exhibit.written = exhibit.receipt

    async def stopped(self, exhibit: Exhibit) -> None:
        """Let the turn end whose stream somebody has stopped by the platform's own means.

        In a chat of two that was who asked. Elsewhere nobody knows who it was, and the
        platform tells by other means.
        """
        who = exhibit.state.requester
        if who is None or exhibit.address is None or not exhibit.address.personal:
            return
        letter = Letter(
            kind="stop",
            person_id=who.person_id,
            person_name=who.name,
            turn_id=exhibit.state.turn_id,
        )
        claim = exhibit.claim
        async with self._store.begin("ingress.stop") as tx:
            await send_letter(tx, claim.tenant_id, claim.conversation_id, None, letter)

    @staticmethod
    async def settled(tx: Transaction, exhibits: Iterable[Exhibit], seq: int) -> None:
        """Write what surfaces show at rest, so that the next owner need not edit."""
        for exhibit in exhibits:
            if exhibit.receipt and not exhibit.given_up:
                await tx.record_shown(
                    exhibit.claim,
                    surface_id=exhibit.surface_id,
                    digest=exhibit.digest_at_rest,
                    seq=seq,
                    receipt=exhibit.receipt,
                )

    async def failed(self, exhibit: Exhibit, error: DeskhandError) -> None:
        """Commit that the surface is given up, for operators to see.

        Raises:
            LeaseLostError: Somebody else owns the conversation, and finds out itself.
            StoreUnavailableError: It is not written down; give it up again.
        """
        async with self._store.begin("surface.failed") as tx:
            await tx.record_shown(
                exhibit.claim,
                surface_id=exhibit.surface_id,
                digest=exhibit.digest,
                seq=exhibit.shown_seq,
                closed=True,
                error=str(error),
            )
