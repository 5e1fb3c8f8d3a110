"""The tables, once: store functions, Alembic and the tests all read them here.

* Every primary key starts with ``tenant_id``, so that rows can be isolated and
  distributed by tenant.
* A CHECK constraint is named as the sentence it enforces.
* ``json`` columns hold documents that come back as they were written, byte for byte
  (``jsonb`` would reorder keys and refuse the NULs that people paste). ``jsonb`` is
  used where Postgres itself compares or looks inside.
* Columns that change with every append (``last_seq``, ``updated_at``) are in no index,
  so that these updates stay on their page (HOT).
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TSVECTOR

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

_instant = DateTime(timezone=True)
_document = JSONB(none_as_null=True)


def _id(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _flag(name: str, *, at_first: bool) -> Column[bool]:
    default = text("true" if at_first else "false")
    return Column(name, Boolean, nullable=False, server_default=default)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _at(name: str = "at") -> Column[datetime]:
    return Column(name, _instant, nullable=False, server_default=func.now())


# ------------------------------------------------------------------------- tenants

tenant = Table(
    "tenant",
    metadata,
    _id("tenant_id"),
    _words("name"),
    _at("created_at"),
    PrimaryKeyConstraint("tenant_id"),
)

installation = Table(
    "installation",
    metadata,
    _id("tenant_id"),
    _id("platform"),
    _id("workspace"),
    _at("created_at"),
    PrimaryKeyConstraint("tenant_id", "platform", "workspace"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    # A workspace belongs to one tenant; this is what a delivery is looked up by.
    UniqueConstraint("platform", "workspace"),
    CheckConstraint("platform IN ('slack', 'teams')", "a_workspace_is_on_a_platform"),
)

# -------------------------------------------------------------------------- people

person = Table(
    "person",
    metadata,
    _id("tenant_id"),
    _id("person_id"),
    _id("name"),
    _words("email"),
    _words("title"),
    _words("department"),
    Column("manager", Text),
    _words("slack"),
    _words("entra"),
    Column("reach_on", Text, nullable=False, server_default="slack"),
    Column("employment", Text, nullable=False, server_default="employee"),
    Column("starts", Date),
    Column("ends", Date),
    Column("roles", ARRAY(Text), nullable=False, server_default="{}"),
    _flag("active", at_first=True),
    _words("search"),
    PrimaryKeyConstraint("tenant_id", "person_id"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    CheckConstraint("reach_on IN ('slack', 'teams')", "a_person_is_reached_on_one"),
    Index(
        "one_person_per_slack_user",
        "tenant_id",
        "slack",
        unique=True,
        postgresql_where=text("active AND slack <> ''"),
    ),
    Index(
        "one_person_per_entra_user",
        "tenant_id",
        "entra",
        unique=True,
        postgresql_where=text("active AND entra <> ''"),
    ),
)

person_address = Table(
    "person_address",
    metadata,
    _id("tenant_id"),
    _id("person_id"),
    _id("platform"),
    Column("address", _document, nullable=False),
    _at("updated_at"),
    PrimaryKeyConstraint("tenant_id", "person_id", "platform"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
)

# ------------------------------------------------------- conversations and their mail

conversation = Table(
    "conversation",
    metadata,
    _id("tenant_id"),
    _id("conversation_id"),
    Column("address", _document),
    Column("due_at", _instant),
    Column("lease_until", _instant),
    Column("worker_id", Text),
    _count("fence"),
    _count("mail_seq"),
    _count("consumed"),
    PrimaryKeyConstraint("tenant_id", "conversation_id"),
    CheckConstraint(
        "(lease_until IS NULL) = (worker_id IS NULL)", "a_lease_has_an_owner"
    ),
    CheckConstraint(
        "lease_until IS NULL OR due_at IS NOT NULL",
        "a_leased_conversation_is_due_when_its_lease_ends",
    ),
    CheckConstraint(
        "consumed BETWEEN 0 AND mail_seq", "only_delivered_mail_is_consumed"
    ),
    # What a claim looks for, in the order in which it looks.
    Index(
        "conversation_claimable_idx",
        func.greatest(text("due_at"), text("lease_until")),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": "70"},
)

mailbox = Table(
    "mailbox",
    metadata,
    _id("tenant_id"),
    _id("conversation_id"),
    Column("mail_seq", BigInteger, nullable=False),
    _id("kind"),
    Column("body", JSON, nullable=False),
    _at(),
    # No foreign key: the statement that inserts a row also upserts its conversation.
    PrimaryKeyConstraint("tenant_id", "conversation_id", "mail_seq"),
)

delivery_seen = Table(
    "delivery_seen",
    metadata,
    _id("tenant_id"),
    _id("platform"),
    _id("naming"),
    _id("name"),
    _at(),
    Column("keep_until", _instant, nullable=False),
    PrimaryKeyConstraint("tenant_id", "platform", "naming", "name"),
    CheckConstraint(
        "naming IN ('delivery', 'said')", "a_delivery_is_named_by_call_or_by_content"
    ),
    Index(None, "keep_until"),
)

# --------------------------------------------------------------- turns and their log

turn = Table(
    "turn",
    metadata,
    _id("tenant_id"),
    _id("turn_id"),
    _id("conversation_id"),
    _words("requester_id"),
    _words("requester_name"),
    _words("text"),
    _words("answer"),
    Column("status", Text, nullable=False, server_default="running"),
    _count("last_seq"),
    _count("delivered_seq"),
    Column("wake_at", _instant),
    _at("started_at"),
    _at("updated_at"),
    Column("ended_at", _instant),
    Column(
        "is_open",
        Boolean,
        Computed(
            "status IN ('running', 'parked') OR delivered_seq < last_seq",
            persisted=True,
        ),
        nullable=False,
    ),
    PrimaryKeyConstraint("tenant_id", "turn_id"),
    ForeignKeyConstraint(
        ["tenant_id", "conversation_id"],
        ["conversation.tenant_id", "conversation.conversation_id"],
    ),
    CheckConstraint(
        "status IN ('running', 'parked', 'completed', 'failed', 'cancelled')",
        "a_turn_is_in_one_known_state",
    ),
    CheckConstraint(
        "(status IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)",
        "an_ended_turn_says_when",
    ),
    CheckConstraint(
        "wake_at IS NULL OR ended_at IS NULL", "an_ended_turn_does_not_wake"
    ),
    CheckConstraint(
        "delivered_seq BETWEEN 0 AND last_seq", "only_committed_events_are_delivered"
    ),
    Index(None, "turn_id"),
    Index(None, "tenant_id", "conversation_id", "started_at"),
    Index(
        "turn_open_idx",
        "tenant_id",
        "conversation_id",
        postgresql_where=text("is_open"),
    ),
    Index("turn_ended_idx", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    postgresql_with={"fillfactor": "70"},
)

turn_event = Table(
    "turn_event",
    metadata,
    _id("tenant_id"),
    _id("turn_id"),
    Column("seq", BigInteger, nullable=False),
    _id("type"),
    Column("at", _instant, nullable=False),
    Column("body", JSON, nullable=False),
    # No foreign key: the statement that inserts events updates their turn, and a
    # check per row would cost more than the row.
    PrimaryKeyConstraint("tenant_id", "turn_id", "seq"),
    CheckConstraint("seq >= 1", "events_are_numbered_from_one"),
)

snapshot = Table(
    "snapshot",
    metadata,
    _id("tenant_id"),
    _id("turn_id"),
    Column("seq", BigInteger, nullable=False),
    # Text, not JSON: the checksum is over these very bytes.
    Column("state", Text, nullable=False),
    _id("checksum"),
    _at(),
    PrimaryKeyConstraint("tenant_id", "turn_id", "seq"),
    ForeignKeyConstraint(["tenant_id", "turn_id"], ["turn.tenant_id", "turn.turn_id"]),
)

surface = Table(
    "surface",
    metadata,
    _id("tenant_id"),
    _id("surface_id"),
    _id("turn_id"),
    _id("role"),
    _words("person_id"),
    _id("platform"),
    Column("address", _document),
    Column("intent_at", _instant),
    Column("receipt", _document),
    _words("shown_digest"),
    _count("shown_seq"),
    _flag("closed", at_first=False),
    _words("error"),
    PrimaryKeyConstraint("tenant_id", "surface_id"),
    ForeignKeyConstraint(["tenant_id", "turn_id"], ["turn.tenant_id", "turn.turn_id"]),
    CheckConstraint(
        "receipt IS NULL OR intent_at IS NOT NULL",
        "a_post_is_intended_before_it_is_made",
    ),
    CheckConstraint(
        "intent_at IS NULL OR address IS NOT NULL", "an_intended_post_has_an_address"
    ),
    Index(None, "tenant_id", "turn_id"),
)

# ----------------------------------------------------------------------- approvals

approval = Table(
    "approval",
    metadata,
    _id("tenant_id"),
    _id("approval_id"),
    _id("turn_id"),
    _id("conversation_id"),
    _id("call_id"),
    _id("requester_id"),
    _id("subject"),
    Column("facts", JSON, nullable=False),
    _id("args_hash"),
    _words("policy"),
    Column("stages", JSON, nullable=False),
    Column("stage", Integer, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, server_default="open"),
    Column("expires_at", _instant, nullable=False),
    _at("created_at"),
    PrimaryKeyConstraint("tenant_id", "approval_id"),
    ForeignKeyConstraint(["tenant_id", "turn_id"], ["turn.tenant_id", "turn.turn_id"]),
    CheckConstraint(
        "status IN ('open', 'approved', 'rejected', 'withdrawn', 'expired')",
        "an_approval_is_open_or_has_one_outcome",
    ),
    CheckConstraint("stage >= 0", "stages_are_numbered_from_zero"),
    Index(
        "approval_open_by_requester_idx",
        "tenant_id",
        "requester_id",
        postgresql_where=text("status = 'open'"),
    ),
    Index(
        "approval_due_idx",
        "expires_at",
        postgresql_where=text("status = 'open'"),
    ),
)

decision = Table(
    "decision",
    metadata,
    _id("tenant_id"),
    _id("approval_id"),
    Column("stage", Integer, nullable=False),
    _id("person_id"),
    _id("verdict"),
    _words("reason"),
    _words("name"),
    _words("said_key"),
    _at(),
    # One person counts once per stage, however often and wherever they click.
    PrimaryKeyConstraint("tenant_id", "approval_id", "stage", "person_id"),
    ForeignKeyConstraint(
        ["tenant_id", "approval_id"], ["approval.tenant_id", "approval.approval_id"]
    ),
    CheckConstraint(
        "verdict IN ('approved', 'rejected', 'withdrawn')", "a_decision_is_a_verdict"
    ),
)

# ------------------------------------------------------------------------- records

resource = Table(
    "resource",
    metadata,
    _id("tenant_id"),
    _id("resource_id"),
    _id("kind"),
    _id("name"),
    Column("seats", Integer),
    Column("stock", Integer),
    Column("stock_counted", Integer),
    _flag("active", at_first=True),
    PrimaryKeyConstraint("tenant_id", "resource_id"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    CheckConstraint("stock >= 0", "a_shelf_is_never_emptier_than_empty"),
)

effect = Table(
    "effect",
    metadata,
    _id("tenant_id"),
    _id("key"),
    _id("kind"),
    _words("reference"),
    Column("result", JSON(none_as_null=True)),
    _at(),
    PrimaryKeyConstraint("tenant_id", "key"),
    CheckConstraint(
        "kind IN ('grant', 'order', 'reset', 'ticket', 'waitlist')",
        "an_effect_is_of_a_known_kind",
    ),
)

reference_counter = Table(
    "reference_counter",
    metadata,
    _id("tenant_id"),
    _id("prefix"),
    Column("last", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "prefix"),
)


access_grant = Table(
    "access_grant",
    metadata,
    _id("tenant_id"),
    _id("reference"),
    _id("person_id"),
    _id("resource_id"),
    _id("grant_name"),
    _flag("seat", at_first=False),
    _at(),
    Column("ends_at", _instant),
    PrimaryKeyConstraint("tenant_id", "reference"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
    ForeignKeyConstraint(
        ["tenant_id", "resource_id"], ["resource.tenant_id", "resource.resource_id"]
    ),
    Index(None, "tenant_id", "person_id"),
    Index(
        "access_grant_seats_idx",
        "tenant_id",
        "resource_id",
        postgresql_where=text("seat"),
    ),
)

hardware_order = Table(
    "hardware_order",
    metadata,
    _id("tenant_id"),
    _id("reference"),
    _id("person_id"),
    _id("resource_id"),
    Column("price", Numeric(12, 2), nullable=False),
    _id("currency"),
    _flag("from_stock", at_first=False),
    _at(),
    PrimaryKeyConstraint("tenant_id", "reference"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
    ForeignKeyConstraint(
        ["tenant_id", "resource_id"], ["resource.tenant_id", "resource.resource_id"]
    ),
)

waitlist_entry = Table(
    "waitlist_entry",
    metadata,
    _id("tenant_id"),
    _id("reference"),
    _id("person_id"),
    _id("resource_id"),
    _at(),
    PrimaryKeyConstraint("tenant_id", "reference"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
    ForeignKeyConstraint(
        ["tenant_id", "resource_id"], ["resource.tenant_id", "resource.resource_id"]
    ),
    UniqueConstraint("tenant_id", "resource_id", "person_id"),
)

password_reset = Table(
    "password_reset",
    metadata,
    _id("tenant_id"),
    _id("reference"),
    _id("person_id"),
    _at(),
    PrimaryKeyConstraint("tenant_id", "reference"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
)

ticket = Table(
    "ticket",
    metadata,
    _id("tenant_id"),
    _id("reference"),
    _id("person_id"),
    _id("queue"),
    _id("title"),
    _words("body"),
    Column("status", Text, nullable=False, server_default="open"),
    _at(),
    PrimaryKeyConstraint("tenant_id", "reference"),
    CheckConstraint("status IN ('open', 'closed')", "a_ticket_is_open_or_closed"),
)

article = Table(
    "article",
    metadata,
    _id("tenant_id"),
    _id("ref"),
    _id("title"),
    _words("owner"),
    _words("updated"),
    _words("body"),
    Column(
        "search",
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', title), 'A') || "
            "setweight(to_tsvector('english', body), 'B')",
            persisted=True,
        ),
        nullable=False,
    ),
    PrimaryKeyConstraint("tenant_id", "ref"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    Index(None, "search", postgresql_using="gin"),
)

audit = Table(
    "audit",
    metadata,
    _id("tenant_id"),
    Column("audit_id", BigInteger, Identity(always=True), nullable=False),
    _at(),
    _id("who"),
    _id("what"),
    _words("subject"),
    Column("detail", JSON, nullable=False),
    PrimaryKeyConstraint("tenant_id", "audit_id"),
    Index(None, "tenant_id", "at"),
)
"""Append-only: a trigger of the first migration refuses changes."""
