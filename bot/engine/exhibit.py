"""One surface as delivery knows it: what it should show, and what it shows.

Content that a platform refuses is passed over where more will come; the last word is
not. It is shown bare, then, should its message take no edit any more, in a second
message that stands in for it. That one is marked as such, so whoever comes next finds
it before the first, whatever was written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Literal, TypeAlias

from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.ports.rows import Claim, SurfaceRow
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId, replacement_of
from bot.protocol.inbound import Address
from bot.turn.state import Phase, TurnState
from bot.view.project import (
    Audience,
    ForApprover,
    ForRequester,
    SurfacePlan,
    lost_card,
    set_apart,
    surfaces_of,
)
from bot.view.spoken import has_said_it

Led: TypeAlias = tuple[tuple[object, ...], tuple[Way, ...]]
"""What ways depend on, and the ways."""
Refusal: TypeAlias = Literal["pass over", "retry", "give up"]
"""What becomes of content that a platform refuses."""

_FORETOLD = "foretold "
"""Stands before the digest of a message that says that another one will end it."""


@dataclass(slots=True, kw_only=True)
class Exhibit:
    """One surface of one turn."""

    plan: SurfacePlan
    claim: Claim
    state: TurnState
    """The newest committed state that concerns this surface."""
    address: Address | None = None
    """Where it goes; ``None`` until a person's place is found."""
    intent_at: datetime | None = None
    meant_at: datetime | None = None
    """The intent that is written down, also where it is known to have come to nothing."""
    receipt: Receipt | None = None
    written: Receipt | None = None
    """The receipt that an owner after us would find."""
    digest: str = ""
    """Of what the platform shows."""
    shown_seq: int = 0
    apart: bool = False
    """Whether it is to say that the ending will be a message of its own."""
    foretold: bool = False
    """Whether its message says so."""
    unreachable: bool = False
    in_doubt_since: float | None = None
    """When (monotonic) we learned that a post may have happened unseen."""
    doubted_until: float = -inf
    """Until when (monotonic) an edit that was given up on may still arrive."""
    replaced: int = 0
    """How many messages have come to stand in for one that is gone or takes no edits."""
    deleted: bool = False
    """Whether nothing stands in for it before the end: somebody deleted it, say."""
    bare: bool = False
    """Whether only what no platform refuses is shown."""
    inherited: bool = False
    """Whether an earlier owner posted it."""
    unasked: frozenset[ForApprover] = frozenset()
    """Whose cards of the same turn cannot be shown: this one says so."""
    given_up: bool = False
    """Whether it is written down that it cannot be shown."""
    shut_out: bool = False
    """Whether its place was closed to us when it was last tried."""
    moved: bool = False
    """Whether it goes to its person directly, because its place is closed."""
    streamable: bool = False
    """Whether its message, once there is one, may be streamed."""
    grown: Payload | None = None
    """What the stream shows; ``None`` when nobody knows."""
    closes_at: float | None = None
    """When its open stream must be closed: monotonic seconds."""
    rests: bool = False
    """Whether its stream is to be closed, though more will come."""
    unended: bool = False
    """Whether the platform refused to end its stream with the last word."""
    looked_for_until: float = -inf
    """Until when (monotonic) a post that may have happened could still turn up."""
    led_by: "Led | None" = None
    """How it is sent, as things stood when that was last asked."""
    revision: int = 1
    """Grows with everything that is to be shown or done."""

    def __post_init__(self) -> None:
        if not self.plan.is_personal:
            self.address = self.state.address

    @property
    def surface_id(self) -> SurfaceId:
        """Which surface this is."""
        return self.plan.surface_id

    @property
    def audience(self) -> Audience:
        """Who looks at it, and what they are to be told beside the state."""
        audience = self.plan.audience
        if self.unasked and isinstance(audience, ForRequester):
            audience = replace(audience, unasked=self.unasked)
        # An end that came after all, between the plan and the send, is told in place.
        foretold = self.apart and not self.plan.final
        return set_apart(audience) if foretold else audience

    @property
    def mark(self) -> SurfaceId:
        """What a message of it is marked with when it is posted now."""
        return self._all_marks[self.replaced]

    @property
    def digest_at_rest(self) -> str:
        """What is written down of what the platform shows."""
        return f"{_FORETOLD}{self.digest}" if self.foretold else self.digest

    @property
    def marks(self) -> tuple[SurfaceId, ...]:
        """What its message may be marked with, the newest first."""
        return self._all_marks[self.replaced :][::-1]

    @property
    def _all_marks(self) -> tuple[SurfaceId, ...]:
        second = replacement_of(self.surface_id)
        return self.surface_id, second, replacement_of(second)

    @property
    def doubted(self) -> bool:
        """Whether an edit that was given up on may have covered what is sent since.

        Then only what is sent once nothing can arrive any more says what people see.
        """
        return self.receipt is not None and self.doubted_until > -inf

    @property
    def stand_ins(self) -> int:
        """How many messages may stand in for it: one, and one more for the end."""
        return 2 if self.plan.final and not self.plan.is_personal else 1

    @property
    def priority(self) -> Priority:
        """What goes first."""
        if self.plan.final:
            if self.plan.below and self.receipt and self.receipt.stream is None:
                return Priority.DECORATION if self.foretold else Priority.TIDY
            return Priority.FINAL
        if self.plan.is_personal:
            return Priority.APPROVAL
        running = self.state.phase is Phase.RUNNING
        return Priority.PROGRESS if running else Priority.WAITING

    @property
    def size(self) -> int | None:
        """Characters that it shows, about; ``None``: few, and they do not grow.

        Steps have none: where calls are scarce they are seen with the next words.
        """
        if self.plan.is_personal:
            return None
        return sum(len(item.text) for item in self.state.items)

    @property
    def withheld(self) -> bool:
        """Whether nothing is to be shown before the end: it was deleted, say."""
        ends_here = self.plan.final and not self.plan.below
        gone = self.deleted and not ends_here
        return gone or (self.shut_out and not self.plan.final)

    @property
    def operation(self) -> Literal["post", "edit", "append"]:
        """What kind of call shows it, for counting."""
        if self.receipt is None:
            return "post"
        return "append" if self.receipt.stream else "edit"

    @property
    def ends_soon(self) -> bool:
        """Whether the last word is about to come, as far as one can tell."""
        return self.plan.role == "progress" and has_said_it(self.state)

    @property
    def comes_after(self) -> SurfaceId | None:
        """Which other message has to be there before this one is sent again, if any."""
        return self.plan.below if self.receipt else self.plan.after

    @property
    def in_doubt(self) -> bool:
        """Whether whoever comes after us would have to look for its message."""
        return self.meant_at is not None and not (self.written or self.hopeless)

    @property
    def hopeless(self) -> bool:
        """Whether there will never be a message of it."""
        return self.given_up or self.unreachable

    @property
    def homed(self) -> bool:
        """Whether its place is known, or known not to exist."""
        return self.address is not None or self.unreachable

    def stale_after(self, plan: SurfacePlan, state: TurnState) -> bool:
        """Whether ``state`` could change what this surface shows.

        A card for a decider shows its approval and nothing else, so the words that
        stream meanwhile do not concern it.
        """
        if plan.shows and plan == self.plan:
            return False  # a finished page
        if not plan.is_personal or plan != self.plan:
            return True
        return (state.approvals, state.ending) != (
            self.state.approvals,
            self.state.ending,
        )

    def renew(self, plan: SurfacePlan, claim: Claim, state: TurnState) -> None:
        """Take note of a newer state.

        A turn that begins to wait, or goes on, tries a closed place once more.
        """
        self.shut_out &= state.phase is self.state.phase
        self.plan, self.claim, self.state = plan, claim, state
        self.bare = False  # it may be taken whole
        self.revision += 1

    def own_up(self, unasked: ForApprover) -> None:
        """Say, too, whose card cannot be shown."""
        self.unasked |= {unasked}
        self.revision += 1

    def take_back(self, asked: Audience) -> None:
        """Say no more that this one's card cannot be shown."""
        self.unasked -= {asked}
        self.revision += 1

    def move(self) -> None:
        """Let it be shown to its person directly, by a message of its own."""
        self.moved = True
        self.address = self.receipt = self.intent_at = None
        self.streamable = self.rests = False

    def follow(self, card: "Exhibit | None") -> None:
        """Let a reminder go where its card is, if there is one to be reminded of.

        A card that came after the reminder was due has just told its person.
        """
        if self.address is not None or self.unreachable:
            return
        if card is None or card.hopeless:
            self.unreachable = True
        elif card.receipt:
            posted, due = card.intent_at, self.plan.since
            self.unreachable = bool(posted and due and posted > due)
            self.address = None if self.unreachable else card.receipt.address

    def rest(self) -> None:
        """Let the stream be closed; edits go on."""
        if not self.rests:  # what is refused again and again changes nothing
            self.rests = True
            self.revision += 1

    def refused(self) -> Refusal:
        """Take note that what it should show is not taken; return what to do."""
        last = self.plan.final
        if self.receipt and not last:
            return "pass over"
        if self.receipt and self.receipt.stream and not self.unended:
            self.unended = True  # it is closed without, and edited
            return "retry"
        # A card without what it asks about must not ask.
        if not self.bare and (last or not self.plan.is_personal):
            self.bare = True
            return "retry"
        if self.receipt is None or self.replaced:
            return "give up"
        self.replace()
        return "retry"

    def replace(self) -> None:
        """Let another message stand in for the one that was there.

        Whoever was before us may have done so: then theirs is looked for first.
        """
        self.bare, self.receipt = False, None
        self.replaced = min(self.replaced + 1, len(self._all_marks) - 1)
        self.streamable = self.rests = self.deleted = False
        if not self.inherited:
            self.intent_at = None

    def adopt(self, receipt: Receipt, mark: SurfaceId) -> None:
        """Take over a message that was found; nobody knows what it shows."""
        self.receipt, self.inherited = receipt, True
        self.digest, self.grown = "", None
        self.rests = receipt.stream is not None
        self.replaced = self._all_marks.index(mark)

    def doubt(self, until: float) -> None:
        """Take note that nobody knows what it shows, nor will before ``until``."""
        self.digest = ""
        self.doubted_until = until

    def recall(self, row: SurfaceRow, *, doubt: float) -> None:
        """Take over what an earlier owner knew.

        Args:
            row: What it wrote down.
            doubt: Until when (monotonic) what it sent last may still arrive.
        """
        self.intent_at = self.meant_at = row.intent_at
        self.inherited = row.receipt is not None
        self.receipt = self.written = row.receipt
        self.rests = row.receipt is not None and row.receipt.stream is not None
        if row.shown_seq == self.state.seq:  # nothing was shown since it was noted
            self.digest = row.shown_digest.removeprefix(_FORETOLD)
            self.foretold = self.digest != row.shown_digest
        if row.receipt is not None and not self.digest:
            self.doubt(doubt)
        if row.receipt is not None:
            self.address = row.receipt.address
        elif row.address is not None:
            self.address = row.address


def taken_over(
    claim: Claim, state: TurnState, rows: Sequence[SurfaceRow], *, doubt: float
) -> list[Exhibit]:
    """Return a turn's surfaces with what an earlier owner knew of them.

    A decider's card that is there, and that the state does not name, was asked for in
    a part of the log that is lost: it must lock too. An event of a newer release may
    have asked for it, however, and then it is that release's.

    What an earlier owner gave up on is tried again: what stood in its way may be mended.
    Until it is shown, who asked goes on being told whose card cannot be.

    Args:
        claim: Of its conversation.
        state: The turn.
        rows: What is written down of its surfaces.
        doubt: Until when (monotonic) what an earlier owner sent last may still arrive.
    """
    known = {row.surface_id: row for row in rows}
    plans = surfaces_of(state, there=known)
    exhibits = [Exhibit(plan=plan, claim=claim, state=state) for plan in plans]
    if not state.unknown_types:
        named = {exhibit.surface_id for exhibit in exhibits}
        exhibits += [
            Exhibit(
                plan=lost_card(row.surface_id, row.person_id), claim=claim, state=state
            )
            for row in rows
            if row.role == "approval" and row.receipt and row.surface_id not in named
        ]
    for exhibit in exhibits:
        if row := known.get(exhibit.surface_id):
            exhibit.recall(row, doubt=doubt)
    unasked = frozenset(
        exhibit.plan.audience
        for exhibit in exhibits
        if exhibit.surface_id in known
        and known[exhibit.surface_id].error
        and isinstance(exhibit.plan.audience, ForApprover)
    )
    for exhibit in exhibits:
        if exhibit.plan.role == "progress":
            exhibit.unasked = unasked
    return exhibits
