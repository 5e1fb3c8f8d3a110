"""Tickets that are worked on in another system: which, and what they are called there.

A ``pre`` migration: the previous release neither reads nor writes the columns, and takes
such a ticket for one of our own.
"""

from alembic import op

revision = "0008_tickets"
down_revision = "0007_scim"
branch_labels = None
depends_on = None

_CHANGES = """
ALTER TABLE ticket
    ADD COLUMN system text DEFAULT '' NOT NULL,
    ADD COLUMN there text DEFAULT '' NOT NULL,
    ADD COLUMN link text DEFAULT '' NOT NULL;

CREATE INDEX ticket_of_person_idx ON ticket (tenant_id, person_id, at);
"""


def upgrade() -> None:
    """Add the columns, and the index by which a person's tickets are found."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
