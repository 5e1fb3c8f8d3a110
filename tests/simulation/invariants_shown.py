"""What people see: only what is committed, once, in order, within the budgets."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import inf

from bot.engine.receipts import FRESH
from bot.pacing.lanes import Lane
from bot.ports.surface import Payload
from bot.protocol.ids import ConversationId, PlatformName, SurfaceId
from bot.turn.state import TurnState
from bot.view.bare import bare_view
from bot.view.nodes import TurnView
from bot.view.project import (
    ForApprover,
    ForRequester,
    SurfacePlan,
    surfaces_of,
    view_of,
)
from tests.simulation.calls import LATE
from tests.simulation.company import TENANT
from tests.simulation.database import Commit
from tests.simulation.halls import Arrival, Hall, Message
from tests.simulation.invariants import BrokenError, Chronicle, Story, require
from tests.simulation.loop import SimLoop
from tests.simulation.process import SimProcess
from tests.simulation.tables import Tables

LINGER = FRESH + LATE + 2.0
"""Seconds after which nothing arrives any more that a former owner has sent."""
FOOTER = "Nobody speaks."


class Gallery:
    """Watches what reaches the platforms.

    Args:
        loop: The simulation.
        chronicle: What is committed.
        tables: Where intents and receipts are.
        halls: The platforms.
    """

    def __init__(
        self,
        loop: SimLoop,
        chronicle: Chronicle,
        tables: Tables,
        halls: dict[PlatformName, Hall],
    ) -> None:
        self._loop = loop
        self._chronicle = chronicle
        self._tables = tables
        self._halls = halls
        self._known: dict[SurfaceId, Story] = {}
        self._used: dict[tuple[int, str], deque[float]] = {}
        self._lost: dict[tuple[ConversationId, str], float] = {}
        """When a bot last lost a conversation, or gave it up."""
        self._given_up: set[SurfaceId] = set()
        """What was ever written down as not to be shown: that is said elsewhere."""
        self.sends = 0
        for hall in halls.values():
            hall.watchers.append(self._look)
            hall.callers.append(self._count)

    def committed(self, commit: Commit) -> None:
        """Take note of who owns what, and of what cannot be shown."""
        for change in commit.changes:
            if change.table == "surface" and change.after and change.after.error:
                self._given_up.add(change.after.surface_id)
            if change.table == "conversation" and change.before is not None:
                before, after = change.before.worker_id, change.after.worker_id
                if before and before != after:
                    self._lost[change.key[1], before] = self._loop.time()

    def _look(self, arrival: Arrival) -> None:
        """Look at one call that a platform carries out.

        What is wrong ends the simulation; raised alone it would be the sender's.
        """
        try:
            self._arrived(arrival)
        except BrokenError as error:
            self._loop.fail(error)
            raise

    def _arrived(self, arrival: Arrival) -> None:
        self.sends += 1
        story, plan = self._surface(arrival.surface)
        self._owned(arrival, story, plan)
        if arrival.payload is None:
            return
        plans = [plan]
        if plan.role == "progress":
            plans += [replace(plan, audience=told) for told in self._told(story)]
        bare = self._may_be_bare(arrival)
        seq = shows(story, plans, arrival.payload, bare=bare)
        require(
            seq,
            "only what is committed is shown",
            f"{plan.role} shows what no state of the log gives",
            story.turn_id,
        )
        if arrival.message is None:
            self._posted(arrival, story, plan)

    def _told(self, story: Story) -> Iterator[ForRequester]:
        """Return what who asked may be told beside the state.

        Whether the ending has a message of its own is decided meanwhile; and whose
        cards cannot be shown is known once that is committed, to who committed it.
        """
        cards = [
            plan.audience
            for plan in surfaces_of(story.state)
            if plan.surface_id in self._given_up
            and isinstance(plan.audience, ForApprover)
        ]
        for many in range(len(cards) + 1):
            for unasked in combinations(cards, many):
                for apart in (False, True):
                    yield ForRequester(
                        part="progress", apart=apart, unasked=frozenset(unasked)
                    )

    def _may_be_bare(self, arrival: Arrival) -> bool:
        return any(arrival.surface in hall.refused for hall in self._halls.values())

    def _surface(self, surface: SurfaceId) -> tuple[Story, SurfacePlan]:
        """Return whose message it is, and for whom."""
        there = {known for _, known in self._tables.surface.rows}
        if surface not in self._known:
            for story in self._chronicle.stories.values():
                for plan in surfaces_of(story.state, there=there):
                    self._known[plan.surface_id] = story
        story = self._known.get(surface)
        require(
            story,
            "only what is committed is shown",
            f"no committed turn has the surface {surface}",
        )
        assert story is not None, "required above"
        plans = surfaces_of(story.state, there=there)
        return story, next(plan for plan in plans if plan.surface_id == surface)

    def _owned(self, arrival: Arrival, story: Story, plan: SurfacePlan) -> None:
        """Only the owner of its conversation changes what is shown of a turn."""
        turn = self._tables.turn.rows[TENANT, story.turn_id]
        name = turn.conversation_id
        owner = self._tables.conversation.rows[TENANT, name].worker_id
        lost = self._lost.get((name, arrival.process.name), -inf)
        require(
            owner == arrival.process.name or lost >= self._loop.time() - LINGER,
            "only the owner shows",
            f"{arrival.operation} of {plan.role} by {arrival.process.name}, "
            f"{owner} owns {name}",
            story.turn_id,
        )

    def _posted(self, arrival: Arrival, story: Story, plan: SurfacePlan) -> None:
        row = self._tables.surface.rows.get((TENANT, arrival.surface))
        require(
            row is not None and row.intent_at is not None,
            "a post is intended before it is made",
            f"{plan.role} was posted without an intent",
            story.turn_id,
        )
        row_platform = row.platform if row else "teams"
        if row_platform == "teams":
            return  # nobody can ask Teams; docs/refusals.md says what that costs
        left = visible(self._halls["slack"], arrival.surface)
        require(
            not left,
            "a surface is there once",
            f"{plan.role} is posted again by {arrival.process.name}, "
            f"{[m.receipt.message_id for m in left]} are there",
            story.turn_id,
        )

    def _count(self, process: SimProcess, lanes: tuple[Lane, ...]) -> None:
        """Count as the platform does: what one bot sends, by lane."""
        now = self._loop.time()
        for lane in lanes:
            used = self._used.setdefault((process.number, lane.key), deque())
            used.append(now)
            for window in lane.windows:
                within = sum(at > now - window.seconds for at in used)
                if within > window.count:
                    self._loop.fail(
                        BrokenError(
                            "no lane is exceeded",
                            f"{within} in {window.seconds} s on {lane.key} "
                            f"by {process.name}",
                        )
                    )
            longest = max((w.seconds for w in lane.windows), default=0.0)
            while used and used[0] <= now - longest:
                used.popleft()


def visible(hall: Hall, surface: SurfaceId) -> list[Message]:
    """Return a surface's messages that nobody has any reason to post again."""
    return [m for m in hall.of(surface) if not (m.deleted or m.refused)]


def shows(
    story: Story, plans: list[SurfacePlan], payload: Payload, *, bare: bool
) -> int:
    """Return the number of the newest state that gives this payload; 0: none does."""
    for state in reversed(story.states):
        if any(gives(state, plan, payload, bare=bare) for plan in plans):
            return state.seq
    return 0


def gives(state: TurnState, plan: SurfacePlan, payload: Payload, *, bare: bool) -> bool:
    """Return whether this payload shows a state, bare perhaps."""
    view = view_then(state, plan, payload)
    shown = payload.body["view"]
    return shown == view or (bare and shown == bare_view(view))


def view_then(state: TurnState, plan: SurfacePlan, payload: Payload) -> TurnView:
    """Return the view of a state when a payload was made."""
    return view_of(state, plan.audience, payload.body["at"], footer=FOOTER)
