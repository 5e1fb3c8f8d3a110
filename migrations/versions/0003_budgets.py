"""What replicas have used of the platforms' budgets.

A ``pre`` migration: the previous release does not know the table.
"""

from alembic import op

revision = "0003_budgets"
down_revision = "0002_completion"
branch_labels = None
depends_on = None

_CHANGES = """
CREATE TABLE lane_budget (
    tenant_id text NOT NULL,
    lane text NOT NULL,
    account json NOT NULL,
    PRIMARY KEY (tenant_id, lane)
)
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(_CHANGES)
