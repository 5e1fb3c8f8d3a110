"""The tables that a simulated store keeps, as `bot.store.schema` has them.

Only what the engine's port reads and writes. Rows are the port's own values where
those say all that is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.company.model import Person
from bot.pacing.shares import LaneAccount
from bot.ports.rows import (
    ApprovalRow,
    DecisionRow,
    Mail,
    Snapshot,
    StoredTurn,
    SurfaceRow,
)
from bot.protocol.ids import (
    ApprovalId,
    ConversationId,
    PersonId,
    PlatformName,
    SurfaceId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.protocol.values import Usage
from tests.simulation.table import Table

ENDED = ("completed", "failed", "cancelled")
"""A turn's status when it has ended."""

ConversationKey: TypeAlias = tuple[TenantId, ConversationId]
TurnKey: TypeAlias = tuple[TenantId, TurnId]
ApprovalKey: TypeAlias = tuple[TenantId, ApprovalId]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRecord:
    """A mailbox with at most one owner."""

    address: Address | None = None
    due_at: datetime | None = None
    lease_until: datetime | None = None
    claimed_at: datetime | None = None
    claimed_as: int = 0
    worker_id: str | None = None
    fence: int = 0
    mail_seq: int = 0
    consumed: int = 0
    needs: int = 0

    @property
    def claimable_at(self) -> datetime | None:
        """When anybody may take it: due, and its lease over."""
        if self.due_at is None or self.lease_until is None:
            return self.due_at
        return max(self.due_at, self.lease_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord(StoredTurn):
    """A turn's row, with what the port does not show."""

    answer: str = ""
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it runs, is parked, or is not shown to its end."""
        running = self.status in {"running", "parked"}
        return running or self.delivered_seq < self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRecord:
    """What a turn has used of language models, by model."""

    requester: PersonId
    started_at: datetime
    used: Mapping[str, Usage]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One event of a turn's log."""

    type: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """Somebody, and whether the company file still has them."""

    person: Person
    active: bool = True


class Tables:
    """All tables of one simulated database; read ``.rows`` for what is committed."""

    def __init__(self) -> None:
        self.installation: Table[tuple[PlatformName, str], TenantId] = Table(
            "installation"
        )
        self.person: Table[tuple[TenantId, PersonId], PersonRecord] = Table("person")
        self.person_address: Table[tuple[TenantId, PersonId, PlatformName], Address] = (
            Table("person_address", parent=lambda key, _: (self.person, key[:2]))
        )
        self.conversation: Table[ConversationKey, ConversationRecord] = Table(
            "conversation",
            rules={
                "a_lease_has_an_owner": lambda row: (
                    (row.lease_until is None) == (row.worker_id is None)
                ),
                "a_leased_conversation_is_due_when_its_lease_ends": lambda row: (
                    row.lease_until is None or row.due_at is not None
                ),
                "only_delivered_mail_is_consumed": lambda row: (
                    0 <= row.consumed <= row.mail_seq
                ),
            },
        )
        self.mailbox: Table[tuple[TenantId, ConversationId, int], Mail] = Table(
            "mailbox", group=2
        )
        self.delivery_seen: Table[tuple[TenantId, PlatformName, str, str], datetime] = (
            Table("delivery_seen")
        )
        """When each name of a delivery may be forgotten."""
        self.turn: Table[TurnKey, TurnRecord] = Table(
            "turn",
            parent=lambda key, row: (
                self.conversation,
                (key[0], row.conversation_id),
            ),
            rules={
                "a_turn_is_in_one_known_state": lambda row: (
                    row.status in {"running", "parked", *ENDED}
                ),
                "an_ended_turn_says_when": lambda row: (
                    (row.status in ENDED) == (row.ended_at is not None)
                ),
                "an_ended_turn_does_not_wake": lambda row: (
                    row.wake_at is None or row.ended_at is None
                ),
                "only_committed_events_are_delivered": lambda row: (
                    0 <= row.delivered_seq <= row.last_seq
                ),
            },
        )
        self.model_use: Table[TurnKey, UseRecord] = Table("model_use", group=1)
        self.turn_event: Table[tuple[TenantId, TurnId, int], EventRecord] = Table(
            "turn_event", group=2
        )
        self.snapshot: Table[tuple[TenantId, TurnId, int], Snapshot] = Table(
            "snapshot", group=2, parent=self._of_turn
        )
        self.surface: Table[tuple[TenantId, SurfaceId], SurfaceRow] = Table(
            "surface",
            parent=lambda key, row: (self.turn, (key[0], row.turn_id)),
            rules={
                "a_post_is_intended_before_it_is_made": lambda row: (
                    row.receipt is None or row.intent_at is not None
                ),
                "an_intended_post_has_an_address": lambda row: (
                    row.intent_at is None or row.address is not None
                ),
            },
        )
        self.lane_budget: Table[tuple[TenantId, str], LaneAccount] = Table(
            "lane_budget"
        )
        self.approval: Table[ApprovalKey, ApprovalRow] = Table(
            "approval",
            parent=lambda key, row: (self.turn, (key[0], row.turn_id)),
        )
        self.decision: Table[
            tuple[TenantId, ApprovalId, int, PersonId], DecisionRow
        ] = Table("decision", group=2, parent=lambda key, _: (self.approval, key[:2]))

    def _of_turn(
        self, key: tuple[TenantId, TurnId, int], _row: object
    ) -> tuple[Table[TurnKey, TurnRecord], TurnKey]:
        return self.turn, key[:2]
