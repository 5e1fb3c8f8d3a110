"""The event protocol: everything a turn can say about itself.

Events are facts in the past tense, append-only and, within one turn, totally ordered by
``seq``, from 1. With `bot.protocol.values` they are all that engine and adapters share.

Evolution rule: add a field with a default, or an event type. Never rename, remove, or
change a meaning. ``tests/golden/events/`` has recorded documents: all decode forever.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

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
    Block,
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


class Event(BaseModel):
    """Base of all events: frozen, strict on write. Readers: `bot.protocol.codec`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: int = 1


# ------------------------------------------------------------------------ the turn


class TurnStarted(Event):
    """A message was taken from the mailbox. Always the first event."""

    type: Literal["turn.started"] = "turn.started"
    tenant_id: TenantId
    requester: Requester
    address: Address
    text: str
    open_requests: tuple[OpenRequest, ...] = ()
    """What the requester still waits for; the model may tell of it."""
    history: tuple[PastTurn, ...] = ()
    """The conversation's last turns, oldest first."""
    summary: Summary | None = None
    """What is left of those before them; ``None``: there are none."""
    queued_behind: str = ""
    """Whose turn runs in this conversation: this one waits until it is resumed."""
    queue_place: int = 0


class TurnSteered(Event):
    """The requester wrote again while the turn ran; the next model call sees it."""

    type: Literal["turn.steered"] = "turn.steered"
    text: str


class TurnParked(Event):
    """Nothing can go on before a person decides; no task, no memory."""

    type: Literal["turn.parked"] = "turn.parked"
    waiting_for: tuple[ApprovalId, ...]
    reminded: tuple[ApprovalId, ...] = ()
    """Whose deciders are reminded now; a parked turn is parked again for that."""


class TurnResumed(Event):
    """What the turn waited for has come."""

    type: Literal["turn.resumed"] = "turn.resumed"
    because: str


class TurnCompleted(Event):
    """The turn reached its end."""

    type: Literal["turn.completed"] = "turn.completed"
    ledger: Ledger | None = None
    """What was done, what was not, what is unknown; older releases wrote none."""


class TurnFailed(Event):
    """The turn could not go on; what was done stays done."""

    type: Literal["turn.failed"] = "turn.failed"
    code: str
    """A key of `bot.view.failures`, e.g. ``model``, ``deadline``, ``stranger``."""
    detail: str = ""
    """For operators; never shown to people."""
    ledger: Ledger | None = None


class TurnCancelled(Event):
    """Somebody stopped the turn, or withdrew the request it waited for."""

    type: Literal["turn.cancelled"] = "turn.cancelled"
    by: PersonId
    by_name: str
    how: Literal["stopped", "withdrawn"] = "stopped"
    ledger: Ledger | None = None


# ------------------------------------------------------------ the frames and items


class FrameOpened(Event):
    """An agent, whom people call by its title, began to work on a task."""

    type: Literal["frame.opened"] = "frame.opened"
    frame_id: FrameId
    parent_id: FrameId | None = None
    call_id: CallId | None = None
    """The hand-off call of the parent that this frame answers."""
    agent: str
    title: str = ""
    task: str


class FrameClosed(Event):
    """An agent ended its work; ``result`` goes back to who handed it over."""

    type: Literal["frame.closed"] = "frame.closed"
    frame_id: FrameId
    outcome: Literal["done", "failed", "cancelled"]
    result: str = ""
    code: str = ""
    """Why it failed: a key of `bot.view.failures`; releases before 0.2 wrote none."""


class ItemOpened(Event):
    """Something with state came into being inside a frame."""

    type: Literal["item.opened"] = "item.opened"
    item_id: ItemId
    frame_id: FrameId
    kind: ItemKind
    title: str = ""
    text: str = ""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    """What a card shows, or what a notice names."""


class ItemAppended(Event):
    """Text was added to the end of an item."""

    type: Literal["item.appended"] = "item.appended"
    item_id: ItemId
    text: str


class ItemPatched(Event):
    """An item's title or data changed; ``data`` is merged key by key."""

    type: Literal["item.patched"] = "item.patched"
    item_id: ItemId
    title: str | None = None
    data: dict[str, JsonValue] = Field(default_factory=dict)


class ItemReplaced(Event):
    """An item's whole text was replaced, e.g. when a model had to be asked again."""

    type: Literal["item.replaced"] = "item.replaced"
    item_id: ItemId
    text: str


class ItemClosed(Event):
    """An item reached its last state."""

    type: Literal["item.closed"] = "item.closed"
    item_id: ItemId
    status: ItemStatus


# ------------------------------------------------------------- the model and tools


class ModelAsked(Event):
    """A frame's model was asked. Without a reply it is asked again."""

    type: Literal["model.asked"] = "model.asked"
    frame_id: FrameId
    ask: int = Field(ge=1)
    """Number of this call within the frame; asking again repeats the number."""
    model: str
    steers_seen: int = 0
    """How many of the turn's steers the question contained."""
    summary: Summary | None = None
    """From this question on, told in place of the exchanges that are in it."""
    tokens: int = 0
    """About how many the question is, while a request is out; 0: none is."""
    lost: tuple[Lost, ...] = ()
    """Of requests for it, or for the summary, that broke off since it was said last."""
    brief: bool = False
    """Whether all but the last words is told in few: it was too long for the model."""


class ModelReplied(Event):
    """A frame's model finished its reply: the transcript of that call."""

    type: Literal["model.replied"] = "model.replied"
    frame_id: FrameId
    ask: int = Field(ge=1)
    blocks: tuple[Block, ...]
    stop_reason: StopReason
    usage: Usage = Usage()
    model: str = ""
    """Who wrote it, where it was not who was asked; empty: who was asked."""


class ToolRequested(Event):
    """A model wants a tool to run. Nothing has been allowed yet."""

    type: Literal["tool.requested"] = "tool.requested"
    call_id: CallId
    frame_id: FrameId
    item_id: ItemId
    """The step that shows this call; opened by this event, kind ``tool`` or ``handoff``."""
    name: str
    arguments: dict[str, JsonValue]
    effect: Effect
    title: str
    """How the step reads while it runs."""
    handoff_to: str = ""
    """The agent to hand over to, when the tool is a hand-off."""
    why: str = ""
    """Why it is handed over. No argument: an older release would refuse it."""


class ToolAuthorized(Event):
    """Policy, or the approval it asked for, lets the call run."""

    type: Literal["tool.authorized"] = "tool.authorized"
    call_id: CallId
    policy: str = ""
    """Name of the rule, for the audit."""


class ToolDenied(Event):
    """The call will not run; ``reason`` is told to the model and the person."""

    type: Literal["tool.denied"] = "tool.denied"
    call_id: CallId
    policy: str = ""
    reason: str
    by: Literal["policy", "person", "time", "requester"] = "policy"
    malformed: bool = False
    """The call made no sense: no such tool, or arguments that do not fit."""


class ToolStarted(Event):
    """The intent: from here on the effect may have happened."""

    type: Literal["tool.started"] = "tool.started"
    call_id: CallId
    key: str
    attempt: int = Field(default=1, ge=1)


class ToolFinished(Event):
    """The result: what happened, or that it is not known."""

    type: Literal["tool.finished"] = "tool.finished"
    call_id: CallId
    outcome: Outcome
    title: str = ""
    """How the step reads now; empty keeps the old title."""
    result: JsonValue = None
    """What the model is told."""
    cards: tuple[dict[str, Any], ...] = ()
    """Structured results to show: `bot.protocol.values.CardData` as JSON."""
    sources: tuple[Source, ...] = ()
    reference: str = ""
    """What people can quote: the number of a record or a ticket."""


# ------------------------------------------------------------------- the approvals


class ApprovalRequested(Event):
    """A call waits until somebody entitled decides, or time runs out."""

    type: Literal["approval.requested"] = "approval.requested"
    approval_id: ApprovalId
    call_id: CallId
    subject: str
    """What exactly will be done, from typed fields, never a model's words."""
    facts: tuple[Fact, ...]
    args_hash: str
    policy: str
    requester_id: PersonId
    stages: tuple[Stage, ...] = Field(min_length=1)
    expires_at: AwareDatetime
    """When the first stage's time runs out."""


class ApprovalDecided(Event):
    """Somebody entitled decided, or the requester took the request back."""

    type: Literal["approval.decided"] = "approval.decided"
    approval_id: ApprovalId
    stage: int = Field(ge=0)
    verdict: Verdict
    by: PersonId
    by_name: str
    reason: str = ""
    expires_at: AwareDatetime | None = None
    """When the next stage's time runs out, where this decision opens one."""


class ApprovalEscalated(Event):
    """Time ran out and others were asked instead: they replace the current stage."""

    type: Literal["approval.escalated"] = "approval.escalated"
    approval_id: ApprovalId
    stage: Stage
    expires_at: AwareDatetime


class ApprovalExpired(Event):
    """Time ran out and nobody decided. That is not a rejection."""

    type: Literal["approval.expired"] = "approval.expired"
    approval_id: ApprovalId


TurnEvent: TypeAlias = Annotated[
    TurnStarted
    | TurnSteered
    | TurnParked
    | TurnResumed
    | TurnCompleted
    | TurnFailed
    | TurnCancelled
    | FrameOpened
    | FrameClosed
    | ItemOpened
    | ItemAppended
    | ItemPatched
    | ItemReplaced
    | ItemClosed
    | ModelAsked
    | ModelReplied
    | ToolRequested
    | ToolAuthorized
    | ToolDenied
    | ToolStarted
    | ToolFinished
    | ApprovalRequested
    | ApprovalDecided
    | ApprovalEscalated
    | ApprovalExpired,
    Field(discriminator="type"),
]


class UnknownEvent(BaseModel):
    """An event of a type that this release does not know, kept as it was written."""

    model_config = ConfigDict(frozen=True)

    type: str
    body: str
    """The JSON document as stored."""


class Recorded(BaseModel):
    """An event with its place in the log."""

    model_config = ConfigDict(frozen=True)

    turn_id: TurnId
    seq: int = Field(ge=1)
    at: AwareDatetime
    event: TurnEvent | UnknownEvent
