"""What must hold at every moment of a simulation: the log, and who wrote it.

The `Chronicle` reads every commit, folds the events as the reducer does and keeps each
state that was ever committed. Everything else is compared with those states: what bots
have in memory, what they save, what people are shown, and what tools are made to do.
"""

from dataclasses import dataclass, field
from datetime import datetime

from bot.engine.worker import PAUSE
from bot.ports.rows import Snapshot
from bot.protocol.codec import decode
from bot.protocol.events import Recorded, TurnParked
from bot.protocol.ids import TenantId, TurnId
from bot.turn.approvals import MOST_REMINDERS, reminders_now
from bot.turn.reduce import advance
from bot.turn.snapshot import freeze
from bot.turn.state import Phase, TurnState
from tests.simulation.database import Commit
from tests.simulation.loop import SimLoop
from tests.simulation.process import SimProcess
from tests.simulation.table import Change
from tests.simulation.tables import EventRecord, Tables

STATUS = {
    Phase.NEW: ("running",),
    Phase.QUEUED: ("running", "parked"),
    Phase.RUNNING: ("running",),
    Phase.PARKED: ("parked",),
    Phase.COMPLETED: ("completed",),
    Phase.FAILED: ("failed",),
    Phase.CANCELLED: ("cancelled",),
}
"""What a turn's row may say of each phase."""
_ENDINGS = ("turn.completed", "turn.failed", "turn.cancelled")
_TEXT = ("item.opened", "item.appended", "item.replaced", "item.closed")


class BrokenError(AssertionError):
    """An invariant does not hold.

    Args:
        invariant: Its name, as in ``docs/simulation.md``.
        detail: What was found instead.
        turn_id: Of which turn, where it is one's.
    """

    def __init__(self, invariant: str, detail: str, turn_id: str = "") -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant
        self.detail = detail
        self.turn_id = turn_id


def require(holds: object, invariant: str, detail: str, turn_id: str = "") -> None:
    """Raise unless something holds.

    Raises:
        BrokenError: It does not.
    """
    if not holds:
        raise BrokenError(invariant, detail, turn_id)


@dataclass(slots=True)
class Story:
    """One turn as it was committed."""

    tenant_id: TenantId
    turn_id: TurnId
    log: list[Recorded] = field(default_factory=list[Recorded])
    states: list[TurnState] = field(default_factory=list[TurnState])
    """The state after each event."""
    committed_at: list[datetime] = field(default_factory=list[datetime])
    """When each event was committed, by the database's clock."""

    @property
    def state(self) -> TurnState:
        """The newest."""
        return self.states[-1]

    def told(self) -> list[str]:
        """Return the log in words."""
        return [
            f"  {at:%H:%M:%S.%f} {recorded.seq:4} {recorded.event!r}"
            for at, recorded in zip(self.committed_at, self.log, strict=True)
        ]


class Chronicle:
    """All turns of a simulation, as they were committed."""

    def __init__(self, loop: SimLoop, tables: Tables) -> None:
        self._loop = loop
        self.stories: dict[TurnId, Story] = {}
        self.events = 0
        self._tables = tables

    def of(self, turn_id: TurnId) -> Story | None:
        """Return what is committed of a turn."""
        return self.stories.get(turn_id)

    # ---------------------------------------------------------------- what is committed

    def committed(self, commit: Commit) -> None:
        """Read one commit.

        Raises:
            BrokenError: It must not have happened.
        """
        touched: dict[TurnId, None] = {}
        for change in commit.changes:
            match change.table:
                case "turn_event":
                    self._event(commit, change)
                    touched[change.key[1]] = None
                case "turn":
                    touched[change.key[1]] = None
                case "conversation":
                    _fence_grows(change)
                    _mail_is_due(commit, change)
                case "approval":
                    _settled_for_good(change)
                case _:
                    pass
        for turn_id in touched:
            self._row_fits(turn_id)
        for change in commit.changes:
            if change.table == "snapshot" and change.after is not None:
                self._snapshot(change)

    def _event(self, commit: Commit, change: Change) -> None:
        tenant, turn_id, seq = change.key
        record: EventRecord | None = change.after
        story = self.stories.get(turn_id)
        if record is None:
            self._compacted(change)
            return
        require(change.before is None, "events never change", f"{change}", turn_id)
        if story is None:
            story = self.stories[turn_id] = Story(tenant, turn_id)
        require(
            seq == len(story.log) + 1,
            "the log has no gaps",
            f"{record.type} has number {seq} after {len(story.log)}",
            turn_id,
        )
        before = story.states[-1] if story.states else TurnState()
        require(
            before.ending is None,
            "a turn ends once",
            f"{record.type} follows the end",
            turn_id,
        )
        self._owned(commit, tenant, turn_id, record)
        recorded = Recorded(
            turn_id=turn_id, seq=seq, at=record.at, event=decode(record.body)
        )
        self._reminded(before, recorded)
        story.log.append(recorded)
        story.states.append(advance(before, recorded))
        story.committed_at.append(commit.at)
        self.events += 1

    def _owned(
        self, commit: Commit, tenant: TenantId, turn_id: TurnId, record: EventRecord
    ) -> None:
        """Only the owner of a turn's conversation appends to it."""
        turn = self._tables.turn.rows[tenant, turn_id]
        conversation = self._tables.conversation.rows[tenant, turn.conversation_id]
        require(
            conversation.worker_id == commit.process.name,
            "only the owner appends",
            f"{commit.process.name} appended {record.type}, "
            f"{conversation.worker_id} owns it",
            turn_id,
        )

    def _reminded(self, before: TurnState, recorded: Recorded) -> None:
        """Nobody is reminded of what is decided, nor again and again."""
        event = recorded.event
        if not isinstance(event, TurnParked):
            return
        after = advance(before, recorded)
        for approval_id in event.reminded:
            now = after.approval(approval_id)
            row = self._tables.approval.rows.get((before.tenant_id, approval_id))
            require(
                now and row and row.status == "open",
                "nobody is reminded of what is decided",
                f"{approval_id} is {row and row.status}",
                recorded.turn_id,
            )
            assert now is not None, "required above"
            decided = {
                made.person_id
                for (_, of, *_), made in self._tables.decision.rows.items()
                if of == approval_id and made.stage == now.stage
            }
            told = reminders_now(now)
            require(
                told and not decided & set(told[-1].people),
                "nobody is reminded of what is decided",
                f"{approval_id}: {decided} have, {told[-1:]}",
                recorded.turn_id,
            )
            require(
                len(told) <= MOST_REMINDERS,
                "nobody is reminded without end",
                f"{approval_id}: {len(told)} times",
                recorded.turn_id,
            )

    def _compacted(self, change: Change) -> None:
        _, turn_id, _ = change.key
        story = self.stories[turn_id]
        require(
            story.state.ending and change.before.type in _TEXT,
            "only text of ended turns is compacted",
            f"{change.before.type} is gone",
            turn_id,
        )

    def _row_fits(self, turn_id: TurnId) -> None:
        story = self.stories.get(turn_id)
        if story is None:
            return  # made, and its first event comes in the same transaction, or fails
        row = self._tables.turn.rows[story.tenant_id, turn_id]
        state = story.state
        require(
            row.last_seq == state.seq and row.status in STATUS[state.phase],
            "a turn's row says what its log says",
            f"{row.status}, {row.last_seq} and not {state.phase}, {state.seq}",
            turn_id,
        )

    def _snapshot(self, change: Change) -> None:
        turn_id: TurnId = change.key[1]
        seq: int = change.key[2]
        saved: Snapshot = change.after
        states = self.stories[turn_id].states
        now = states[seq - 1] if seq <= len(states) else TurnState()
        require(
            freeze(now) == (saved.state, saved.checksum),
            "a snapshot is the fold of the log",
            f"the one at {seq} of {len(states)} is not",
            turn_id,
        )

    # -------------------------------------------------------------- what bots believe

    def believes(self, process: SimProcess, state: TurnState) -> None:
        """Compare what a bot takes for committed with what is.

        What is wrong ends the simulation; raised alone it would be the bot's.
        """
        try:
            self._compare(process, state)
        except BrokenError as error:
            self._loop.fail(error)
            raise

    def _compare(self, process: SimProcess, state: TurnState) -> None:
        story = self.stories.get(state.turn_id)
        known = story.states[state.seq - 1 : state.seq] if story else []
        require(
            known == [state],
            "memory is the fold of the log",
            f"{process.name} believes in another state {state.seq}",
            state.turn_id,
        )


def _fence_grows(change: Change) -> None:
    if change.before is None or change.after is None:
        return
    before, after = change.before, change.after
    require(after.fence >= before.fence, "a fence never goes back", f"{before} {after}")
    taken = after.worker_id != before.worker_id
    require(
        not taken or after.fence > before.fence,
        "a new owner has a new fence",
        f"{before.worker_id} to {after.worker_id} at {after.fence}",
    )


def _mail_is_due(commit: Commit, change: Change) -> None:
    """Mail that nobody has in hand is read soon, also if no more of it comes."""
    row = change.after
    if row is None or row.worker_id is not None or row.mail_seq <= row.consumed:
        return
    require(
        row.due_at is not None and row.due_at <= commit.at + PAUSE,
        "mail that waits is due",
        f"{row.mail_seq - row.consumed} at {commit.at}, due at {row.due_at}",
    )


def _settled_for_good(change: Change) -> None:
    if change.before is None or change.before.status == "open":
        return
    require(
        change.after is not None and change.after.status == change.before.status,
        "what is settled stays settled",
        f"{change.before.status} became {change.after}",
        change.before.turn_id,
    )


def ends_in(story: Story) -> int:
    """Return how often a turn has ended."""
    return sum(r.event.type in _ENDINGS for r in story.log)
