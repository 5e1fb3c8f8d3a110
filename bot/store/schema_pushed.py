"""Tables of what an identity provider pushes: people, groups, and who is in them.

See `bot.store.schema` for the rules that all tables follow. What is pushed of a person
is kept here; what it makes of them, with the company file, is in ``person``.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

from bot.store.columns import flag, metadata, moment, name_column, words


def _version() -> Column[int]:
    return Column("version", BigInteger, nullable=False, server_default=text("1"))


pushed_person = Table(
    "pushed_person",
    metadata,
    name_column("tenant_id"),
    name_column("scim_id"),
    name_column("person_id"),
    # Names as they are compared.
    name_column("user_key"),
    words("email_key"),
    words("external_id"),
    # As it was pushed: an id, a user name or an e-mail; empty: nothing is said.
    words("manager"),
    flag("active", at_first=True),
    # Kept, because grants and decisions name the person.
    flag("deleted", at_first=False),
    # What it says of the person, and the resource as it was pushed.
    Column("said", JSON, nullable=False),
    Column("body", JSON, nullable=False),
    _version(),
    moment("created_at"),
    moment("updated_at"),
    PrimaryKeyConstraint("tenant_id", "scim_id"),
    ForeignKeyConstraint(
        ["tenant_id", "person_id"], ["person.tenant_id", "person.person_id"]
    ),
    CheckConstraint("NOT (deleted AND active)", "who_is_deleted_is_not_active"),
    Index(
        "one_pushed_person_per_user_name",
        "tenant_id",
        "user_key",
        unique=True,
        postgresql_where=text("NOT deleted"),
    ),
    Index(
        "one_pushed_person_per_email",
        "tenant_id",
        "email_key",
        unique=True,
        postgresql_where=text("NOT deleted AND email_key <> ''"),
    ),
    Index(
        "one_push_per_person",
        "tenant_id",
        "person_id",
        unique=True,
        postgresql_where=text("NOT deleted"),
    ),
    Index("pushed_person_external_idx", "tenant_id", "external_id"),
)

pushed_group = Table(
    "pushed_group",
    metadata,
    name_column("tenant_id"),
    name_column("scim_id"),
    name_column("name_key"),
    words("external_id"),
    Column("body", JSON, nullable=False),
    _version(),
    moment("created_at"),
    moment("updated_at"),
    PrimaryKeyConstraint("tenant_id", "scim_id"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    Index("one_pushed_group_per_name", "tenant_id", "name_key", unique=True),
)

pushed_member = Table(
    "pushed_member",
    metadata,
    name_column("tenant_id"),
    name_column("group_id"),
    name_column("scim_id"),
    PrimaryKeyConstraint("tenant_id", "group_id", "scim_id"),
    ForeignKeyConstraint(
        ["tenant_id", "group_id"],
        ["pushed_group.tenant_id", "pushed_group.scim_id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["tenant_id", "scim_id"], ["pushed_person.tenant_id", "pushed_person.scim_id"]
    ),
    Index(None, "tenant_id", "scim_id"),
)
