"""Tables of what the company has and does: resources, effects, orders, knowledge, audit.

See `bot.store.schema` for the rules that all tables follow.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, TSVECTOR

from bot.store.columns import (
    INSTANT,
    counter,
    flag,
    metadata,
    moment,
    name_column,
    words,
)

model_use = Table(
    "model_use",
    metadata,
    name_column("tenant_id"),
    name_column("turn_id"),
    name_column("model"),
    words("requester_id"),
    Column("started_at", INSTANT, nullable=False),
    counter("input_tokens"),
    counter("output_tokens"),
    counter("cache_read_tokens"),
    PrimaryKeyConstraint("tenant_id", "turn_id", "model"),
    Index("model_use_since_idx", "tenant_id", "started_at"),
    Index("model_use_by_idx", "tenant_id", "requester_id", "started_at"),
)

resource = Table(
    "resource",
    metadata,
    name_column("tenant_id"),
    name_column("resource_id"),
    name_column("kind"),
    name_column("name"),
    Column("seats", Integer),
    Column("stock", Integer),
    Column("stock_counted", Integer),
    flag("active", at_first=True),
    PrimaryKeyConstraint("tenant_id", "resource_id"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    CheckConstraint("stock >= 0", "a_shelf_is_never_emptier_than_empty"),
)

effect = Table(
    "effect",
    metadata,
    name_column("tenant_id"),
    name_column("key"),
    name_column("kind"),
    words("reference"),
    Column("result", JSON(none_as_null=True)),
    moment(),
    PrimaryKeyConstraint("tenant_id", "key"),
    CheckConstraint(
        "kind IN ('grant', 'order', 'reset', 'ticket', 'waitlist', 'void')",
        "an_effect_is_of_a_known_kind",
    ),
)

reference_counter = Table(
    "reference_counter",
    metadata,
    name_column("tenant_id"),
    name_column("prefix"),
    Column("last", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "prefix"),
)


access_grant = Table(
    "access_grant",
    metadata,
    name_column("tenant_id"),
    name_column("reference"),
    name_column("person_id"),
    name_column("resource_id"),
    name_column("grant_name"),
    flag("seat", at_first=False),
    moment(),
    Column("ends_at", INSTANT),
    words("effect_key"),
    words("turn_id"),
    words("system"),
    words("target"),
    words("account"),
    flag("given", at_first=True),
    flag("ours", at_first=True),
    Column("ended_at", INSTANT),
    Column("ending_at", INSTANT),
    counter("ending_fence"),
    counter("ending_tries"),
    words("ending_why"),
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
    Index(
        "access_grant_ending_idx",
        "tenant_id",
        text("coalesce(ending_at, ends_at)"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "access_grant_membership_idx",
        "tenant_id",
        "system",
        "target",
        "account",
        postgresql_where=text("system <> '' AND ended_at IS NULL"),
    ),
    Index(
        "one_reservation_per_call",
        "tenant_id",
        "effect_key",
        unique=True,
        postgresql_where=text("effect_key <> '' AND ended_at IS NULL"),
    ),
)

hardware_order = Table(
    "hardware_order",
    metadata,
    name_column("tenant_id"),
    name_column("reference"),
    name_column("person_id"),
    name_column("resource_id"),
    Column("price", Numeric(12, 2), nullable=False),
    name_column("currency"),
    flag("from_stock", at_first=False),
    moment(),
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
    name_column("tenant_id"),
    name_column("reference"),
    name_column("person_id"),
    name_column("resource_id"),
    moment(),
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
    name_column("tenant_id"),
    name_column("reference"),
    name_column("person_id"),
    moment(),
    PrimaryKeyConstraint("tenant_id", "reference"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
)

ticket = Table(
    "ticket",
    metadata,
    name_column("tenant_id"),
    name_column("reference"),
    name_column("person_id"),
    name_column("queue"),
    name_column("title"),
    words("body"),
    Column("status", Text, nullable=False, server_default="open"),
    moment(),
    words("system"),
    words("there"),
    words("link"),
    PrimaryKeyConstraint("tenant_id", "reference"),
    Index("ticket_of_person_idx", "tenant_id", "person_id", "at"),
    CheckConstraint("status IN ('open', 'closed')", "a_ticket_is_open_or_closed"),
)

article = Table(
    "article",
    metadata,
    name_column("tenant_id"),
    name_column("ref"),
    name_column("title"),
    words("owner"),
    words("updated"),
    words("body"),
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
    name_column("tenant_id"),
    Column("audit_id", BigInteger, Identity(always=True), nullable=False),
    moment(),
    name_column("who"),
    name_column("what"),
    words("subject"),
    Column("detail", JSON, nullable=False),
    PrimaryKeyConstraint("tenant_id", "audit_id"),
    Index(None, "tenant_id", "at"),
)
"""Append-only: a trigger of the first migration refuses changes."""
