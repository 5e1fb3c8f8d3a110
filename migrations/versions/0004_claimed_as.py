"""Which claim it is that `claimed_at` tells the time of.

A ``pre`` migration: the previous release, which knows neither column and leaves an old
time behind when it claims, runs on it. The fence says whether the time is of the claim.
"""

from alembic import op

revision = "0004_claimed_as"
down_revision = "0003_budgets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no fence is 0, so no claim made so far is taken for known."""
    op.execute(
        "ALTER TABLE conversation ADD COLUMN claimed_as bigint DEFAULT 0 NOT NULL"
    )
