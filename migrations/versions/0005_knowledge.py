"""Articles in sections, with what it takes to find them by misspelt words.

A ``pre`` migration: the previous release knows none of the tables. It goes on reading
`article`, which is filled for it as before.
"""

from alembic import op

revision = "0005_knowledge"
down_revision = "0004_claimed_as"
branch_labels = None
depends_on = None

_CHANGES = """
CREATE TABLE knowledge_article (
    tenant_id text NOT NULL,
    origin text NOT NULL,
    ref text NOT NULL,
    title text NOT NULL,
    owner text DEFAULT '' NOT NULL,
    updated text DEFAULT '' NOT NULL,
    digest text NOT NULL,
    words text[] NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, origin, ref),
    FOREIGN KEY (tenant_id) REFERENCES tenant,
    CONSTRAINT an_article_is_of_the_folder_or_imported
        CHECK (origin IN ('folder', 'import'))
);

CREATE TABLE knowledge_section (
    tenant_id text NOT NULL,
    origin text NOT NULL,
    ref text NOT NULL,
    number integer NOT NULL,
    headings text[] NOT NULL,
    body text NOT NULL,
    search tsvector NOT NULL,
    PRIMARY KEY (tenant_id, origin, ref, number),
    FOREIGN KEY (tenant_id, origin, ref) REFERENCES knowledge_article ON DELETE CASCADE
);

CREATE INDEX knowledge_section_search_idx ON knowledge_section USING gin (search);

CREATE TABLE knowledge_word (
    tenant_id text NOT NULL,
    word text NOT NULL,
    trigrams text[] NOT NULL,
    PRIMARY KEY (tenant_id, word)
);

CREATE INDEX knowledge_word_trigrams_idx ON knowledge_word USING gin (trigrams)
"""


def upgrade() -> None:
    """Add the tables."""
    for statement in _CHANGES.split(";"):
        op.execute(statement)
