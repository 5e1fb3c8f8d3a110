"""What tools do and what the log says of it; who decides, and who may."""

from bot.ports.rows import DecisionRow
from bot.protocol.events import ToolFinished, TurnCancelled, TurnFailed
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    PersonId,
    PlatformName,
    TurnId,
    effect_key_for,
)
from bot.turn.deadlines import turn_deadline
from bot.turn.state import Approval
from tests.simulation.company import TENANT
from tests.simulation.database import Commit
from tests.simulation.halls import Hall
from tests.simulation.invariants import BrokenError, Chronicle, Story, require
from tests.simulation.invariants_said import Promises
from tests.simulation.loop import SimLoop
from tests.simulation.tables import Tables
from tests.simulation.works import Deed, Works

DEEDS = ("assign", "order", "mail")
"""Tools that change the works."""


class Inspector:
    """Compares effects and decisions with the log, as they happen.

    Args:
        loop: The simulation.
        chronicle: What is committed.
        tables: All that is.
        works: What tools change.
        promises: What people did.
        halls: Where they see messages, and may stop those that stream.
    """

    def __init__(
        self,
        loop: SimLoop,
        chronicle: Chronicle,
        tables: Tables,
        *,
        works: Works,
        promises: Promises,
        halls: dict[PlatformName, Hall],
    ) -> None:
        self._loop = loop
        self._chronicle = chronicle
        self._tables = tables
        self._works = works
        self._promises = promises
        self._halls = halls
        works.watchers.append(self._look)

    def _look(self, deed: Deed) -> None:
        """Look at an effect that is about to happen.

        What is wrong ends the simulation; raised alone it would be the tool's.
        """
        try:
            self._happens(deed)
        except BrokenError as error:
            self._loop.fail(error)
            raise

    def _happens(self, deed: Deed) -> None:
        story = self._chronicle.of(deed.turn_id)
        call = story.state.call(CallId(deed.call_id)) if story else None
        about = f"{deed.tool} {deed.call_id}"
        require(
            call is not None and call.key == deed.key and call.started_at is not None,
            "no effect without an intent",
            f"{about} is {call and call.status}",
            deed.turn_id,
        )
        assert story is not None and call is not None, "required above"
        require(
            not self._works.happened.get(deed.key),
            "an effect happens at most once",
            f"{about} happens again",
            deed.turn_id,
        )
        ledger = story.state.ending.ledger if story.state.ending else None
        denied = [entry.call_id for entry in ledger.did_not] if ledger else []
        require(
            call.outcome != "failed" and call.call_id not in denied,
            "no turn denies what happened",
            f"{about} happens after all",
            deed.turn_id,
        )
        approval = story.state.approval_of(call.call_id)
        require(
            approval is None or _approved(approval),
            "no effect without its approval",
            f"{about}: {approval and approval.rulings}",
            deed.turn_id,
        )

    # ------------------------------------------------------------------ what is claimed

    def committed(self, commit: Commit) -> None:
        """Look at what new events and decisions say."""
        for change in commit.changes:
            if change.after is None:
                continue
            if change.table == "turn_event":
                self._claims(change.key[1], change.key[2])
            elif change.table == "decision":
                require(
                    change.before is None,
                    "a decision never changes",
                    f"{change.before} became {change.after}",
                )
                self._entitled(change.key[1], change.after)

    def _was_asked_to_stop(self, turn_id: TurnId, person: PersonId) -> bool:
        if (turn_id, person) in self._promises.stopped:
            return True
        rows = self._tables.surface.rows
        on_stream = [s for hall in self._halls.values() for s in hall.stopped]
        return any(rows[TENANT, surface].turn_id == turn_id for surface in on_stream)

    def _claims(self, turn_id: TurnId, seq: int) -> None:
        story = self._chronicle.stories[turn_id]
        event = story.log[seq - 1].event
        if isinstance(event, ToolFinished):
            self._told(story, event.call_id)
        elif isinstance(event, TurnFailed):
            self._in_time(story, seq, event)
        elif isinstance(event, TurnCancelled) and event.how == "stopped":
            requester = story.state.requester
            require(
                self._was_asked_to_stop(turn_id, event.by)
                and requester
                and requester.person_id == event.by,
                "only who asked stops a turn",
                f"{event.by} is said to have stopped it",
                turn_id,
            )

    def _told(self, story: Story, call_id: CallId) -> None:
        call = story.state.call(call_id)
        if call is not None and call.outcome:
            self.compare(story, call.name, call_id, call.outcome)

    def compare(self, story: Story, tool: str, call_id: CallId, outcome: str) -> None:
        """Compare what a turn says of a call with what happened.

        Raises:
            BrokenError: It is not true.
        """
        if tool not in DEEDS:
            return
        happened = effect_key_for(story.turn_id, call_id) in self._works.happened
        require(
            happened or outcome != "done",
            "no turn claims what did not happen",
            f"{tool} {call_id} is said to be done",
            story.turn_id,
        )
        require(
            not happened or outcome != "failed",
            "no turn denies what happened",
            f"{tool} {call_id} is said to have failed",
            story.turn_id,
        )

    @staticmethod
    def _in_time(story: Story, seq: int, event: TurnFailed) -> None:
        """A turn gives up for its deadline only when that has passed."""
        if event.code != "deadline":
            return
        deadline = turn_deadline(story.states[seq - 2])
        at = story.log[seq - 1].at
        require(
            deadline is not None and deadline <= at,
            "a turn gives up only past its deadline",
            f"at {at}, its deadline is {deadline}",
            story.turn_id,
        )

    def _entitled(self, approval_id: ApprovalId, row: DecisionRow) -> None:
        approval = self._tables.approval.rows[TENANT, approval_id]
        asked = [a.person_id for a in approval.stages[row.stage].approvers]
        mine = row.person_id == approval.requester_id
        fine = mine if row.verdict == "withdrawn" else row.person_id in asked
        require(
            fine and (not mine or row.verdict == "withdrawn"),
            "only entitled people decide",
            f"{row.person_id} {row.verdict}, {approval.requester_id} asked {asked}",
            approval.turn_id,
        )


def _approved(approval: Approval) -> bool:
    """Whether enough different people, who were asked, approved every stage."""
    if approval.status != "approved":
        return False
    for number, stage in enumerate(approval.stages):
        asked = {a.person_id for index, a in approval.asked if index == number}
        yes = {r.by for r in approval.rulings if r.stage == number} & asked
        if len(yes - {approval.requester_id}) < stage.need:
            return False
    return True
