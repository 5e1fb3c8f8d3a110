"""What endings, sweeping and rolling deploys need.

A ``pre`` migration: every column has a default, so the previous release runs on it.
"""

from alembic import op

revision = "0002_completion"
down_revision = "0001_initial"
branch_labels = None
depends_on = None

_CHANGES = """
ALTER TABLE conversation
    ADD COLUMN needs bigint DEFAULT 0 NOT NULL,
    ADD COLUMN claimed_at timestamptz;

ALTER TABLE turn
    ADD COLUMN compacted_seq bigint DEFAULT 0 NOT NULL,
    ADD COLUMN failures bigint DEFAULT 0 NOT NULL,
    ADD COLUMN degraded text DEFAULT '' NOT NULL;

CREATE INDEX turn_wake_idx ON turn (wake_at) WHERE wake_at IS NOT NULL;

ALTER TABLE effect
    DROP CONSTRAINT an_effect_is_of_a_known_kind,
    ADD CONSTRAINT an_effect_is_of_a_known_kind CHECK (
        kind IN ('grant', 'order', 'reset', 'ticket', 'waitlist', 'void')
    );
"""


def upgrade() -> None:
    """Add the columns, and the kind of an effect that will never happen."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
