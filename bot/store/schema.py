"""Tables of tenants, people, conversations, turns and approvals.

Tables of what the company has and does are in `bot.store.schema_records`. Store
functions, Alembic and the tests all read both; nothing else says what there is.

* Every primary key starts with ``tenant_id``, so that rows can be isolated and
  distributed by tenant.
* A CHECK constraint is named as the sentence it enforces.
* Columns that change with every append (``last_seq``, ``updated_at``) are in no index,
  so that these updates stay on their page (HOT).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from bot.store.columns import (
    DOCUMENT,
    INSTANT,
    counter,
    flag,
    metadata,
    moment,
    name_column,
    words,
)

# ------------------------------------------------------------------------- tenants

tenant = Table(
    "tenant",
    metadata,
    name_column("tenant_id"),
    words("name"),
    moment("created_at"),
    # Counts what was pushed: who has read people and groups knows when to read again.
    counter("directory"),
    PrimaryKeyConstraint("tenant_id"),
)

installation = Table(
    "installation",
    metadata,
    name_column("tenant_id"),
    name_column("platform"),
    name_column("workspace"),
    moment("created_at"),
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
    name_column("tenant_id"),
    name_column("person_id"),
    name_column("name"),
    words("email"),
    words("title"),
    words("department"),
    Column("manager", Text),
    words("slack"),
    words("entra"),
    Column("reach_on", Text, nullable=False, server_default="slack"),
    Column("employment", Text, nullable=False, server_default="employee"),
    Column("starts", Date),
    Column("ends", Date),
    Column("roles", ARRAY(Text), nullable=False, server_default="{}"),
    flag("active", at_first=True),
    words("search"),
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
    name_column("tenant_id"),
    name_column("person_id"),
    name_column("platform"),
    Column("address", DOCUMENT, nullable=False),
    moment("updated_at"),
    PrimaryKeyConstraint("tenant_id", "person_id", "platform"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
)

# ------------------------------------------------------- conversations and their mail

conversation = Table(
    "conversation",
    metadata,
    name_column("tenant_id"),
    name_column("conversation_id"),
    Column("address", DOCUMENT),
    Column("due_at", INSTANT),
    Column("lease_until", INSTANT),
    Column("claimed_at", INSTANT),
    # With the fence of the claim that it is of: a release that does not know the
    # column leaves the time of an earlier one.
    counter("claimed_as"),
    Column("worker_id", Text),
    counter("fence"),
    counter("mail_seq"),
    counter("consumed"),
    # Only workers of at least this generation may claim it: there is something in it
    # that older ones do not understand. See bot.engine.generation.
    counter("needs"),
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
    name_column("tenant_id"),
    name_column("conversation_id"),
    Column("mail_seq", BigInteger, nullable=False),
    name_column("kind"),
    Column("body", JSON, nullable=False),
    moment(),
    # No foreign key: the statement that inserts a row also upserts its conversation.
    PrimaryKeyConstraint("tenant_id", "conversation_id", "mail_seq"),
)

delivery_seen = Table(
    "delivery_seen",
    metadata,
    name_column("tenant_id"),
    name_column("platform"),
    name_column("naming"),
    name_column("name"),
    moment(),
    Column("keep_until", INSTANT, nullable=False),
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
    name_column("tenant_id"),
    name_column("turn_id"),
    name_column("conversation_id"),
    words("requester_id"),
    words("requester_name"),
    words("text"),
    words("answer"),
    Column("status", Text, nullable=False, server_default="running"),
    counter("last_seq"),
    counter("delivered_seq"),
    # Text events up to here live in the last snapshot only.
    counter("compacted_seq"),
    # How often in a row its owner could not go on; then it is ended.
    counter("failures"),
    # What of its log could not be read, in words for operators; empty: nothing.
    words("degraded"),
    Column("wake_at", INSTANT),
    moment("started_at"),
    moment("updated_at"),
    Column("ended_at", INSTANT),
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
    # What the sweeper looks for: turns with a deadline, the first to run out first.
    Index("turn_wake_idx", "wake_at", postgresql_where=text("wake_at IS NOT NULL")),
    Index("turn_ended_idx", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    postgresql_with={"fillfactor": "70"},
)

turn_event = Table(
    "turn_event",
    metadata,
    name_column("tenant_id"),
    name_column("turn_id"),
    Column("seq", BigInteger, nullable=False),
    name_column("type"),
    Column("at", INSTANT, nullable=False),
    Column("body", JSON, nullable=False),
    # No foreign key: the statement that inserts events updates their turn, and a
    # check per row would cost more than the row.
    PrimaryKeyConstraint("tenant_id", "turn_id", "seq"),
    CheckConstraint("seq >= 1", "events_are_numbered_from_one"),
)

snapshot = Table(
    "snapshot",
    metadata,
    name_column("tenant_id"),
    name_column("turn_id"),
    Column("seq", BigInteger, nullable=False),
    # Text, not JSON: the checksum is over these very bytes.
    Column("state", Text, nullable=False),
    name_column("checksum"),
    moment(),
    PrimaryKeyConstraint("tenant_id", "turn_id", "seq"),
    ForeignKeyConstraint(["tenant_id", "turn_id"], ["turn.tenant_id", "turn.turn_id"]),
)

surface = Table(
    "surface",
    metadata,
    name_column("tenant_id"),
    name_column("surface_id"),
    name_column("turn_id"),
    name_column("role"),
    words("person_id"),
    name_column("platform"),
    Column("address", DOCUMENT),
    Column("intent_at", INSTANT),
    Column("receipt", DOCUMENT),
    words("shown_digest"),
    counter("shown_seq"),
    flag("closed", at_first=False),
    words("error"),
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
    name_column("tenant_id"),
    name_column("approval_id"),
    name_column("turn_id"),
    name_column("conversation_id"),
    name_column("call_id"),
    name_column("requester_id"),
    name_column("subject"),
    Column("facts", JSON, nullable=False),
    name_column("args_hash"),
    words("policy"),
    Column("stages", JSON, nullable=False),
    Column("stage", Integer, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, server_default="open"),
    Column("expires_at", INSTANT, nullable=False),
    moment("created_at"),
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

lane_budget = Table(
    "lane_budget",
    metadata,
    name_column("tenant_id"),
    name_column("lane"),
    Column("account", JSON, nullable=False),
    PrimaryKeyConstraint("tenant_id", "lane"),
)

decision = Table(
    "decision",
    metadata,
    name_column("tenant_id"),
    name_column("approval_id"),
    Column("stage", Integer, nullable=False),
    name_column("person_id"),
    name_column("verdict"),
    words("reason"),
    words("name"),
    words("said_key"),
    moment(),
    # One person counts once per stage, however often and wherever they click.
    PrimaryKeyConstraint("tenant_id", "approval_id", "stage", "person_id"),
    ForeignKeyConstraint(
        ["tenant_id", "approval_id"], ["approval.tenant_id", "approval.approval_id"]
    ),
    CheckConstraint(
        "verdict IN ('approved', 'rejected', 'withdrawn')", "a_decision_is_a_verdict"
    ),
)
