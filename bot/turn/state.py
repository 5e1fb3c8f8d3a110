"""A turn as a value: everything needed to show it and to decide what comes next.

Nothing here is stored twice: phases, readiness and who is waited for are derived, so
that no field can contradict the facts it stands for.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import JsonValue

from bot.protocol.ids import (
    ApprovalId,
    CallId,
    FrameId,
    ItemId,
    PersonId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.protocol.values import (
    Approver,
    Block,
    CallBlock,
    Effect,
    Fact,
    ItemKind,
    ItemStatus,
    Ledger,
    Lost,
    OpenRequest,
    Outcome,
    PastTurn,
    Requester,
    Source,
    Stage,
    StopReason,
    Summary,
    Usage,
    Verdict,
)

ROOT = FrameId("f1")
"""The coordinator's frame."""
GROWS = "grows"
"""In a step's data: the call whose arguments are still being written."""
CONTINUES = "continues"
"""In a text item's data: it goes on in the middle of what the one before it said."""


class Phase(StrEnum):
    """Where a turn stands. Derived from its facts, never stored."""

    NEW = "new"
    QUEUED = "queued"
    """Another turn of the conversation runs first."""
    RUNNING = "running"
    PARKED = "parked"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One finished answer of a frame's model."""

    ask: int
    steers_seen: int
    """How many of the turn's steers the question contained."""
    blocks: tuple[Block, ...]
    stop_reason: StopReason
    usage: Usage = Usage()
    model: str = ""
    """Who wrote it."""

    @property
    def calls(self) -> tuple[CallId, ...]:
        """The tool calls this reply made, in order."""
        return tuple(b.call_id for b in self.blocks if isinstance(b, CallBlock))

    @property
    def text(self) -> str:
        """What the model wrote."""
        return "".join(b.text for b in self.blocks if b.type == "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One agent at work."""

    frame_id: FrameId
    parent_id: FrameId | None
    call_id: CallId | None
    """The parent's hand-off call that this frame answers."""
    agent: str
    task: str
    opened_at: datetime
    title: str = ""
    """What people call the agent; empty in logs of the first release."""
    steers_before: int = 0
    """Steers that whoever handed over had already seen."""
    asked: int = 0
    """Number of the newest model call; without a reply it is (to be) repeated."""
    asked_model: str = ""
    """Who was asked last."""
    asked_steers: int = 0
    """Steers that the newest question contained."""
    asked_tokens: int = 0
    """About how many tokens the newest question is, while a request is out."""
    brief: bool = False
    """Whether its questions must be short, because one was too long for its model."""
    lost: tuple[Lost, ...] = ()
    """What its requests took that broke off."""
    replies: tuple[Reply, ...] = ()
    outcome: Literal["done", "failed", "cancelled"] | None = None
    result: str = ""
    code: str = ""
    """Why it failed: a key of `bot.view.failures`."""
    closed_at: datetime | None = None

    @property
    def specialist(self) -> str:
        """What people are told who works here; empty: the coordinator."""
        return "" if self.parent_id is None else self.title or self.agent

    @property
    def answer(self) -> str:
        """What its model said last, with what came before where it was cut off."""
        said = ""
        for reply in reversed(self.replies):
            if said and (reply.stop_reason != "max_tokens" or reply.calls):
                break
            said = reply.text + said
        return said

    @property
    def tokens(self) -> int:
        """How many tokens its questions and replies came to, and what broke off."""
        return sum(part.usage.total for part in (*self.replies, *self.lost))

    @property
    def waits_for_reply(self) -> bool:
        """Whether a question is out."""
        return self.asked > len(self.replies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A thing with state inside a turn."""

    item_id: ItemId
    frame_id: FrameId
    kind: ItemKind
    title: str
    text: str
    data: dict[str, JsonValue]
    opened_at: datetime
    status: Literal["open"] | ItemStatus = "open"
    closed_at: datetime | None = None


CallStatus = Literal[
    "requested", "waiting", "authorized", "started", "finished", "denied"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call from the model's wish to its result."""

    call_id: CallId
    frame_id: FrameId
    item_id: ItemId
    name: str
    arguments: dict[str, JsonValue]
    effect: Effect
    handoff_to: str
    title: str
    requested_at: datetime
    why: str = ""
    """Why it hands over."""
    status: CallStatus = "requested"
    policy: str = ""
    reason: str = ""
    """Why it was denied."""
    denied_by: Literal["", "policy", "person", "time", "requester"] = ""
    malformed: bool = False
    """Whether it was denied because it made no sense; its model may correct it."""
    key: str = ""
    attempt: int = 0
    outcome: Outcome | None = None
    result: JsonValue = None
    cards: tuple[dict[str, Any], ...] = ()
    sources: tuple[Source, ...] = ()
    reference: str = ""
    """What people can quote, e.g. a ticket's number."""
    started_at: datetime | None = None
    """When its newest attempt began."""
    settled_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in {"finished", "denied"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """One person's decision."""

    stage: int
    verdict: Verdict
    by: PersonId
    by_name: str
    reason: str
    at: datetime


ApprovalStatus = Literal["open", "approved", "rejected", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """Those who had not decided by then were reminded."""

    stage: int
    people: tuple[PersonId, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request for a decision and what became of it."""

    approval_id: ApprovalId
    call_id: CallId
    subject: str
    facts: tuple[Fact, ...]
    args_hash: str
    policy: str
    requester_id: PersonId
    stages: tuple[Stage, ...]
    requested_at: datetime
    stage: int = 0
    """Index of the current stage."""
    stage_at: datetime
    """When the current stage began."""
    expires_at: datetime
    """When the current stage's time runs out."""
    rulings: tuple[Ruled, ...] = ()
    status: ApprovalStatus = "open"
    settled_at: datetime | None = None
    asked: tuple[tuple[int, Approver], ...] = ()
    """Everybody who was ever asked, with the stage; in that order."""
    reminders: tuple[Reminder, ...] = ()
    """In the order in which they came."""

    @property
    def card_hash(self) -> str:
        """What a press must carry: what is decided, and at which stage.

        Somebody may be asked at two stages. One press, however often it is sent,
        decides the stage whose card was pressed and never the next.
        """
        return f"{self.args_hash}:{self.stage}" if self.stage else self.args_hash

    @property
    def waiting_for(self) -> tuple[Approver, ...]:
        """Who may decide now: the current stage's approvers that have not yet."""
        if self.status != "open":
            return ()
        decided = {r.by for r in self.rulings if r.stage == self.stage}
        return tuple(
            approver
            for approver in self.stages[self.stage].approvers
            if approver.person_id not in decided
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """What the requester added while the turn ran."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the turn ended."""

    phase: Phase
    at: datetime
    code: str = ""
    """Failed turns: a key of `bot.view.failures`."""
    by_name: str = ""
    """Cancelled turns: who stopped it."""
    how: Literal["", "stopped", "withdrawn"] = ""
    ledger: Ledger | None = None
    """What was done, what was not, what is unknown; older releases wrote none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnState:
    """A whole turn after ``seq`` events. The default is a turn before its first."""

    seq: int = 0
    turn_id: TurnId = TurnId("")
    tenant_id: TenantId = TenantId("")
    requester: Requester | None = None
    address: Address | None = None
    text: str = ""
    started_at: datetime | None = None
    running_since: datetime | None = None
    """Since when it runs: it started, or what it waited for has come."""
    queued: bool = False
    """Whether it waits for another turn of its conversation."""
    queued_behind: str = ""
    """Whose turn it was queued behind."""
    queue_place: int = 0
    open_requests: tuple[OpenRequest, ...] = ()
    history: tuple[PastTurn, ...] = ()
    before: Summary | None = None
    """Of the exchanges before those in ``history``."""
    folded: Summary | None = None
    """Made by this turn: also of those in ``history`` that ended until then."""
    steers: tuple[Steer, ...] = ()
    frames: tuple[Frame, ...] = ()
    items: tuple[Item, ...] = ()
    calls: tuple[Call, ...] = ()
    approvals: tuple[Approval, ...] = ()
    parked: bool = False
    unknown_types: tuple[str, ...] = ()
    """Event types of a newer release that this one had to skip."""
    ending: Ending | None = None

    @property
    def phase(self) -> Phase:
        """Derived, so that no phase can contradict the facts it stands for."""
        if self.ending:
            return self.ending.phase
        if self.parked:
            return Phase.PARKED
        if self.queued:
            return Phase.QUEUED
        return Phase.RUNNING if self.started_at else Phase.NEW

    @property
    def summary(self) -> Summary | None:
        """What the turn's model is told of exchanges that are not told in full."""
        return self.folded or self.before

    @property
    def open_approvals(self) -> tuple[Approval, ...]:
        """Approvals that somebody must still decide."""
        return tuple(a for a in self.approvals if a.status == "open")

    def frame(self, frame_id: FrameId) -> Frame | None:
        """Return the frame with this id."""
        return next((f for f in self.frames if f.frame_id == frame_id), None)

    def item(self, item_id: ItemId) -> Item | None:
        """Return the item with this id."""
        return next((i for i in self.items if i.item_id == item_id), None)

    def call(self, call_id: CallId) -> Call | None:
        """Return the call with this id."""
        return next((c for c in self.calls if c.call_id == call_id), None)

    def approval(self, approval_id: ApprovalId) -> Approval | None:
        """Return the approval with this id."""
        return next((a for a in self.approvals if a.approval_id == approval_id), None)

    def approval_of(self, call_id: CallId) -> Approval | None:
        """Return the newest approval that was asked for a call."""
        found = [a for a in self.approvals if a.call_id == call_id]
        return found[-1] if found else None

    def frame_of_call(self, call_id: CallId) -> Frame | None:
        """Return the frame that answers a hand-off call."""
        return next((f for f in self.frames if f.call_id == call_id), None)

    def unreplied_calls(self, frame: Frame) -> tuple[Call, ...]:
        """Return calls that a reply made before it was cut off."""
        known = {call for reply in frame.replies for call in reply.calls}
        return tuple(
            c
            for c in self.calls
            if c.frame_id == frame.frame_id and c.call_id not in known
        )
