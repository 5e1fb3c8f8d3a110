"""Look after what nobody looks after: overdue turns, and the text of finished ones.

Every replica sweeps. A turn whose deadline has passed and that its owner did not end
(it stands still, it fails again and again, or there is none) is made due, for whoever
claims it next: `bot.turn.decide` then gives it up, with what is known. Where the owner
had time enough, the conversation is taken from it first.
"""

from datetime import timedelta
from functools import reduce

import structlog

from bot.engine.kit import Kit
from bot.engine.turns import read_whole
from bot.errors import DeskhandError
from bot.ports.rows import StoredTurn
from bot.ports.store import Transaction
from bot.protocol.ids import TurnId
from bot.turn.compaction import refill, without_text
from bot.turn.reduce import advance
from bot.turn.snapshot import checksum_of, is_outdated, thaw
from bot.turn.state import TurnState

log = structlog.get_logger()

SWEEP = 5.0
"""Seconds between two rounds of one replica."""
GRACE = timedelta(seconds=30)
"""How long an owner may take to end a turn whose deadline has passed."""
AT_ONCE = 20
"""Conversations, or turns, of one round."""
AGE = timedelta(minutes=1)
"""How long a turn's text stays in the log after its end, for who still reads along."""


class Sweeper:
    """Sweeps on behalf of one replica."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._unfit: set[TurnId] = set()
        """Turns whose snapshot does not say what their log does: left alone."""

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._kit.clock.sleep(SWEEP)
            try:
                await self.sweep()
                await self.compact()
            except DeskhandError as error:
                log.warning("sweep.failed", error=str(error), hint=error.hint)

    async def sweep(self) -> int:
        """Wake conversations with overdue turns; return how many."""
        async with self._kit.store.begin("sweeper.sweep") as tx:
            woken = await tx.sweep(GRACE, AT_ONCE)
        for conversation in woken:
            log.warning("sweep.overdue", conversation=conversation)
        self._kit.telemetry.turns_swept.inc(len(woken))
        return len(woken)

    async def compact(self) -> int:
        """Take the text out of some finished turns' logs; return how many events."""
        async with self._kit.store.begin("sweeper.compact") as tx:
            turns = await tx.turns_to_compact(AGE, AT_ONCE + len(self._unfit))
        removed = 0
        for turn in turns:
            if turn.turn_id not in self._unfit:
                removed += await self._compact(turn)
        return removed

    async def _compact(self, turn: StoredTurn) -> int:
        async with self._kit.store.begin("sweeper.compact") as tx:
            if not await _is_fit(tx, turn):
                now = await tx.find_turn(turn.turn_id)
                if now is None or now.compacted_seq:
                    return 0  # another replica was faster
                log.error(
                    "compaction.refused",
                    turn=turn.turn_id,
                    hint="Its snapshot is not the fold of its log; nothing was removed.",
                )
                self._unfit.add(turn.turn_id)
                return 0
            removed = await tx.compact_turn(turn.tenant_id, turn.turn_id, turn.last_seq)
        self._kit.telemetry.turns_compacted.inc()
        return removed


async def _is_fit(tx: Transaction, turn: StoredTurn) -> bool:
    """Whether the last snapshot says all that the log does."""
    snapshot = await tx.load_snapshot(turn.tenant_id, turn.turn_id)
    if snapshot is None or snapshot.seq != turn.last_seq:
        return False
    if checksum_of(snapshot.state) != snapshot.checksum:
        return False
    try:
        rows = await read_whole(tx, turn)
        last = thaw(snapshot.state)
        if is_outdated(snapshot.state):  # only its text is used, by the same way
            last = reduce(advance, refill(without_text(rows), last), TurnState())
        return last == reduce(advance, rows, TurnState())
    except (ValueError, DeskhandError):
        return False
