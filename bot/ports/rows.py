"""Rows as the engine reads and writes them, whatever keeps them.

Values only: which rows there are and how they are kept is the store's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.ports.surface import Receipt
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    ConversationId,
    PersonId,
    PlatformName,
    SurfaceId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.protocol.values import (
    Fact,
    OpenRequest,
    PastTurn,
    Stage,
    Summary,
    Verdict,
)

ApprovalStatus = Literal["open", "approved", "rejected", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write for a conversation, until somebody else has it."""

    tenant_id: TenantId
    conversation_id: ConversationId
    fence: int
    """Larger than that of every claim before."""
    address: Address | None
    """Where the conversation is; ``None`` if only signals ever came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What came of asking for conversations."""

    claims: Sequence[Claim] = ()
    """The one that has been due longest is the first."""
    next_in: timedelta | None = None
    """Until the next one can be claimed, of those that are not the worker's own;
    ``None`` where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """What was said in a conversation."""

    turns: Sequence[PastTurn] = ()
    """Those that do not run and are not in the summary, oldest first."""
    summary: Summary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One piece of mail."""

    mail_seq: int
    kind: str
    body: str
    """A JSON document, as it was delivered."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Events to add to one turn, all at the same instant."""

    claim: Claim
    turn_id: TurnId
    first_seq: int
    """Of the first body; the others follow without gaps."""
    bodies: Sequence[str]
    """JSON documents, as `bot.protocol.codec.encode` writes them."""
    types: Sequence[str]
    """The event type of each body."""
    at: datetime

    @property
    def last_seq(self) -> int:
        """Number of the last event."""
        return self.first_seq + len(self.bodies) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """A turn as its row knows it; the events know the rest."""

    tenant_id: TenantId
    turn_id: TurnId
    conversation_id: ConversationId
    requester_id: PersonId
    requester_name: str
    text: str
    status: str
    """``running``, ``parked``, ``completed``, ``failed`` or ``cancelled``."""
    last_seq: int
    delivered_seq: int
    """Up to here, surfaces show the log."""
    wake_at: datetime | None
    """When a parked turn has something to do by itself: remind, escalate, expire."""
    started_at: datetime
    updated_at: datetime
    failures: int = 0
    """How often in a row its owner could not go on."""
    compacted_seq: int = 0
    """Text events up to here live in the last snapshot only."""
    degraded: str = ""
    """What of its log could not be read; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was saved. Whether the checksum fits is for the reader to see."""

    seq: int
    """The last event in it."""
    state: str
    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """A request for a decision, as it stands."""

    tenant_id: TenantId
    approval_id: ApprovalId
    turn_id: TurnId
    conversation_id: ConversationId
    call_id: CallId
    requester_id: PersonId
    subject: str
    facts: tuple[Fact, ...]
    args_hash: str
    policy: str
    stages: tuple[Stage, ...]
    stage: int
    """Index of the stage that is asked now."""
    status: ApprovalStatus
    expires_at: datetime
    """When the current stage's time runs out."""
    created_at: datetime

    @property
    def open_request(self) -> OpenRequest:
        """The request as the requester is told of it."""
        return OpenRequest(
            approval_id=self.approval_id,
            turn_id=self.turn_id,
            subject=self.subject,
            waiting_for=tuple(a.name for a in self.stages[self.stage].approvers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What one person said at one stage."""

    stage: int
    person_id: PersonId
    name: str
    verdict: Verdict
    reason: str
    said_key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceRow:
    """One message, as far as we know it."""

    surface_id: SurfaceId
    turn_id: TurnId
    role: str
    """What it is for, e.g. ``progress``, ``final`` or ``approval``."""
    person_id: PersonId
    """Who it is for; empty for everybody in the conversation."""
    platform: PlatformName
    address: Address | None
    """Where it goes; ``None`` until that is known."""
    intent_at: datetime | None
    """When its last post was begun, by the database's clock."""
    receipt: Receipt | None
    """The platform's name for it; ``None`` while it may not be visible."""
    shown_digest: str
    """Digest of what it showed when last written down; empty if nobody knew."""
    shown_seq: int
    """The event up to which it showed the log then."""
    closed: bool
    """Whether it will never change again."""
    error: str
    """Why it cannot be shown; empty if it can."""
