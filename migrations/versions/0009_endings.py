"""How a grant ends: where it was given, who works on its end, and when it was over.

A ``pre`` migration: the previous release gives in our records alone, takes a grant for
ended once ``ends_at`` has passed, and leaves the new columns at their defaults. What it
gives is ended by this release, of which nobody is told. What had ended before is not
ended again.
"""

from alembic import op

revision = "0009_endings"
down_revision = "0008_tickets"
branch_labels = None
depends_on = None

_CHANGES = """
ALTER TABLE access_grant
    ADD COLUMN effect_key text DEFAULT '' NOT NULL,
    ADD COLUMN turn_id text DEFAULT '' NOT NULL,
    ADD COLUMN system text DEFAULT '' NOT NULL,
    ADD COLUMN target text DEFAULT '' NOT NULL,
    ADD COLUMN account text DEFAULT '' NOT NULL,
    ADD COLUMN given boolean DEFAULT true NOT NULL,
    ADD COLUMN ours boolean DEFAULT true NOT NULL,
    ADD COLUMN ended_at timestamp with time zone,
    ADD COLUMN ending_at timestamp with time zone,
    ADD COLUMN ending_fence bigint DEFAULT 0 NOT NULL,
    ADD COLUMN ending_tries bigint DEFAULT 0 NOT NULL,
    ADD COLUMN ending_why text DEFAULT '' NOT NULL;

UPDATE access_grant SET ended_at = ends_at WHERE ends_at <= now();

CREATE INDEX access_grant_ending_idx
    ON access_grant (tenant_id, coalesce(ending_at, ends_at)) WHERE ended_at IS NULL;
CREATE INDEX access_grant_membership_idx
    ON access_grant (tenant_id, system, target, account)
    WHERE system <> '' AND ended_at IS NULL;
CREATE UNIQUE INDEX one_reservation_per_call
    ON access_grant (tenant_id, effect_key) WHERE effect_key <> '' AND ended_at IS NULL;
"""


def upgrade() -> None:
    """Add the columns, and mark what is over."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
