"""People and groups that an identity provider pushes, beside those of the file.

A ``pre`` migration: the previous release reads none of this. What is pushed is also
written to ``person``, which it does read; when it starts it takes whoever is not in the
file for gone, and makes whoever is in it active again, also whom the provider has
deactivated, until a replica of this release starts or the person is pushed again.
"""

from alembic import op

revision = "0007_scim"
down_revision = "0006_model_use"
branch_labels = None
depends_on = None

_CHANGES = """
ALTER TABLE tenant ADD COLUMN directory bigint DEFAULT 0 NOT NULL;

CREATE TABLE pushed_person (
    tenant_id text NOT NULL,
    scim_id text NOT NULL,
    person_id text NOT NULL,
    user_key text NOT NULL,
    email_key text DEFAULT '' NOT NULL,
    external_id text DEFAULT '' NOT NULL,
    manager text DEFAULT '' NOT NULL,
    active boolean DEFAULT true NOT NULL,
    deleted boolean DEFAULT false NOT NULL,
    said json NOT NULL,
    body json NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, scim_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person (tenant_id, person_id),
    CONSTRAINT who_is_deleted_is_not_active CHECK (NOT (deleted AND active))
);

CREATE UNIQUE INDEX one_pushed_person_per_user_name
    ON pushed_person (tenant_id, user_key) WHERE NOT deleted;
CREATE UNIQUE INDEX one_pushed_person_per_email
    ON pushed_person (tenant_id, email_key) WHERE NOT deleted AND email_key <> '';
CREATE UNIQUE INDEX one_push_per_person
    ON pushed_person (tenant_id, person_id) WHERE NOT deleted;
CREATE INDEX pushed_person_external_idx ON pushed_person (tenant_id, external_id);

CREATE TABLE pushed_group (
    tenant_id text NOT NULL,
    scim_id text NOT NULL,
    name_key text NOT NULL,
    external_id text DEFAULT '' NOT NULL,
    body json NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, scim_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant (tenant_id)
);

CREATE UNIQUE INDEX one_pushed_group_per_name ON pushed_group (tenant_id, name_key);

CREATE TABLE pushed_member (
    tenant_id text NOT NULL,
    group_id text NOT NULL,
    scim_id text NOT NULL,
    PRIMARY KEY (tenant_id, group_id, scim_id),
    FOREIGN KEY (tenant_id, group_id)
        REFERENCES pushed_group (tenant_id, scim_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, scim_id) REFERENCES pushed_person (tenant_id, scim_id)
);

CREATE INDEX pushed_member_tenant_id_scim_id_idx ON pushed_member (tenant_id, scim_id);
"""


def upgrade() -> None:
    """Add the tables, and the column that says when they changed."""
    for statement in _CHANGES.split(";"):
        if statement.strip():
            op.execute(statement)
