"""Tables of what the company knows: articles, their sections, the words in them.

See `bot.store.schema` for the rules that all tables follow. `article` in
`bot.store.schema_records` is what the release before read, and is filled for it.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from bot.store.columns import metadata, moment, name_column, words


def _texts(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False)


knowledge_article = Table(
    "knowledge_article",
    metadata,
    name_column("tenant_id"),
    name_column("origin"),
    name_column("ref"),
    name_column("title"),
    words("owner"),
    words("updated"),
    name_column("digest"),
    _texts("words"),
    moment(),
    PrimaryKeyConstraint("tenant_id", "origin", "ref"),
    ForeignKeyConstraint(["tenant_id"], ["tenant.tenant_id"]),
    CheckConstraint(
        "origin IN ('folder', 'import')", "an_article_is_of_the_folder_or_imported"
    ),
)

knowledge_section = Table(
    "knowledge_section",
    metadata,
    name_column("tenant_id"),
    name_column("origin"),
    name_column("ref"),
    Column("number", Integer, nullable=False),
    _texts("headings"),
    name_column("body"),
    Column("search", TSVECTOR, nullable=False),
    PrimaryKeyConstraint("tenant_id", "origin", "ref", "number"),
    ForeignKeyConstraint(
        ["tenant_id", "origin", "ref"],
        [
            "knowledge_article.tenant_id",
            "knowledge_article.origin",
            "knowledge_article.ref",
        ],
        ondelete="CASCADE",
    ),
    Index(None, "search", postgresql_using="gin"),
)

knowledge_word = Table(
    "knowledge_word",
    metadata,
    name_column("tenant_id"),
    name_column("word"),
    _texts("trigrams"),
    PrimaryKeyConstraint("tenant_id", "word"),
    Index(None, "trigrams", postgresql_using="gin"),
)
