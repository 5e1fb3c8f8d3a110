"""What must hold when everything has come to rest, and what was promised to people."""

from collections import Counter

from bot.ports.rows import DecisionRow
from bot.protocol.events import ApprovalDecided, TurnStarted, TurnSteered
from bot.protocol.ids import ApprovalId, PlatformName
from bot.protocol.inbound import Decided
from bot.turn.state import Phase
from bot.view.project import SurfacePlan, surfaces_of
from tests.simulation.company import TENANT
from tests.simulation.halls import Hall
from tests.simulation.invariants import Chronicle, Story, require
from tests.simulation.invariants_effects import Inspector
from tests.simulation.invariants_said import Promises
from tests.simulation.invariants_shown import gives
from tests.simulation.tables import Tables


class Auditor:
    """Compares the end with what was said, done and shown.

    Args:
        chronicle: What is committed.
        tables: All that is.
        inspector: Who knows what tools did.
        promises: What people were told.
        halls: The platforms.
    """

    def __init__(
        self,
        chronicle: Chronicle,
        tables: Tables,
        *,
        inspector: Inspector,
        promises: Promises,
        halls: dict[PlatformName, Hall],
    ) -> None:
        self._chronicle = chronicle
        self._tables = tables
        self._inspector = inspector
        self._promises = promises
        self._halls = halls

    def restless(self) -> str:
        """Return what is still going on; empty: everything has come to rest."""
        for (_, name), row in self._tables.conversation.rows.items():
            if row.lease_until is not None:
                return f"{name} is owned by {row.worker_id} until {row.lease_until}"
            if row.mail_seq > row.consumed:
                return f"{name} has {row.mail_seq - row.consumed} letters"
            if row.due_at is not None:
                return f"{name} is due at {row.due_at}"
        for story in self._chronicle.stories.values():
            if story.state.ending is None:
                return f"turn {story.turn_id} is {story.state.phase}"
        for hall in self._halls.values():
            if hall.under_way:
                return f"{hall.under_way} calls to {hall.name} are under way"
        return ""

    def at_rest(self) -> None:
        """Check what must hold at the end.

        Raises:
            BrokenError: It does not.
        """
        self._streams_ended()
        for story in self._chronicle.stories.values():
            self._accounted(story)
            there = {surface for _, surface in self._tables.surface.rows}
            for plan in surfaces_of(story.state, there=there):
                self._shown(story, plan)
        self._heard()
        self._presses_count()
        for (_, approval_id, *_), row in self._tables.decision.rows.items():
            self._decided(approval_id, row)

    def _accounted(self, story: Story) -> None:
        ending = story.state.ending
        for call in story.state.calls:
            if call.outcome:
                self._inspector.compare(story, call.name, call.call_id, call.outcome)
        if ending is None or ending.ledger is None:
            return
        for entry in ending.ledger.did:
            self._inspector.compare(story, entry.tool, entry.call_id, "done")
        for entry in ending.ledger.did_not:
            self._inspector.compare(story, entry.tool, entry.call_id, "failed")

    def _shown(self, story: Story, plan: SurfacePlan) -> None:
        row = self._tables.surface.rows.get((TENANT, plan.surface_id))
        if row is None and plan.role == "reminder" and plan.final:
            return  # there was no card, or it came later, or they had decided
        require(
            row is not None,
            "every surface is shown",
            f"nobody ever meant to show {plan.role}",
            story.turn_id,
        )
        assert row is not None, "required above"
        if row.error:
            return  # the platform refused it for good, or somebody deleted it
        messages = self._halls[row.platform].of(plan.surface_id)
        mine = [
            m
            for m in messages
            if row.receipt and m.receipt.message_id == row.receipt.message_id
        ]
        require(
            mine,
            "every surface is shown",
            f"{plan.role} is not there: {len(messages)} messages, "
            f"receipt {row.receipt and row.receipt.message_id}",
            story.turn_id,
        )
        payload = mine[0].payload
        bare = plan.surface_id in self._halls[row.platform].refused
        require(
            mine[0].deleted or gives(story.state, plan, payload, bare=bare),
            "every surface shows the end",
            f"{plan.role} {mine[0].receipt.message_id} shows "
            f"{payload.body['view'].headline!r}",
            story.turn_id,
        )
        require(
            mine[0].deleted or not (mine[0].partial or mine[0].broken),
            "every surface shows the end",
            f"{plan.role} {mine[0].receipt.message_id} shows it in part, or an error",
            story.turn_id,
        )

    def _streams_ended(self) -> None:
        """No message grows any more; on Slack, where all are found, none at all."""
        for hall in self._halls.values():
            for message in hall.messages.values():
                row = self._tables.surface.rows.get((TENANT, message.surface))
                known = row and row.receipt
                known = known and known.message_id == message.receipt.message_id
                if message.deleted or (row and row.error):
                    continue
                require(
                    not (message.streams or message.broken)
                    or (hall.name == "teams" and not known),
                    "no stream is left open",
                    f"{message.receipt.message_id} of {message.surface}",
                )

    def _heard(self) -> None:
        """Everything said became one turn or one steer."""
        became: Counter[str] = Counter()
        for story in self._chronicle.stories.values():
            for recorded in story.log:
                if isinstance(recorded.event, TurnStarted | TurnSteered):
                    became[recorded.event.text.split(" ")[0]] += 1
        for key, said in self._promises.said.items():
            times = became[said.text.split(" ")[0]]
            require(
                times <= 1,
                "what is said is heard once",
                f"{said.text!r}: {times} times",
            )
            require(
                times or key not in self._promises.accepted,
                "what is accepted is never lost",
                f"{said.text!r} became nothing",
            )

    def _presses_count(self) -> None:
        """Whoever was told that a press counts finds it written down, once."""
        rows = self._tables.decision.rows
        for press in self._promises.decided.values():
            found = [
                row
                for (_, approval_id, *_), row in rows.items()
                if approval_id == press.approval_id and row.said_key == press.said_key
            ]
            require(
                len(found) == 1,
                "a decision counts once",
                f"{press.user.user_id} was told so, {len(found)} rows say it",
            )
            self._as_shown(press, found[0])

    def _as_shown(self, press: Decided, row: DecisionRow) -> None:
        """What was decided is what the pressed card showed."""
        approval = self._tables.approval.rows[TENANT, press.approval_id]
        shown = f"{approval.args_hash}:{row.stage}" if row.stage else approval.args_hash
        require(
            press.args_hash == shown,
            "a press decides what its card shows",
            f"a card of {press.args_hash} decided {shown}",
            approval.turn_id,
        )

    def _decided(self, approval_id: ApprovalId, row: DecisionRow) -> None:
        """Each decision is in the log, once."""
        approval = self._tables.approval.rows[TENANT, approval_id]
        story = self._chronicle.stories[approval.turn_id]
        ruled = [
            event.verdict
            for event in (recorded.event for recorded in story.log)
            if isinstance(event, ApprovalDecided)
            and (event.approval_id, event.stage, event.by)
            == (approval_id, row.stage, row.person_id)
        ]
        # A turn that has ended meanwhile takes nothing any more.
        late = not ruled and story.state.phase is not Phase.COMPLETED
        require(
            ruled == [row.verdict] or late,
            "a decision counts once",
            f"{row.person_id} {row.verdict} at stage {row.stage}, the log has {ruled}",
            approval.turn_id,
        )
