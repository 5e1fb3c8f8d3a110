"""What turns have used of language models.

A ``pre`` migration: the previous release does not know the table, and does not count.
"""

from alembic import op

revision = "0006_model_use"
down_revision = "0005_knowledge"
branch_labels = None
depends_on = None

_CHANGES = """
CREATE TABLE model_use (
    tenant_id text NOT NULL,
    turn_id text NOT NULL,
    model text NOT NULL,
    requester_id text DEFAULT '' NOT NULL,
    started_at timestamp with time zone NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY (tenant_id, turn_id, model)
);

CREATE INDEX model_use_since_idx ON model_use (tenant_id, started_at);
CREATE INDEX model_use_by_idx ON model_use (tenant_id, requester_id, started_at);
"""


def upgrade() -> None:
    """Add the table."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
