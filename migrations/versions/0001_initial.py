"""The first schema: everything there is.

A ``pre`` migration: it runs before the release that needs it, and the previous release
runs on it too (there is none yet).
"""

from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE tenant (
    tenant_id text NOT NULL,
    name text DEFAULT '' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id)
);

CREATE TABLE installation (
    tenant_id text NOT NULL,
    platform text NOT NULL,
    workspace text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, platform, workspace),
    FOREIGN KEY (tenant_id) REFERENCES tenant,
    UNIQUE (platform, workspace),
    CONSTRAINT a_workspace_is_on_a_platform CHECK (platform IN ('slack', 'teams'))
);

CREATE TABLE person (
    tenant_id text NOT NULL,
    person_id text NOT NULL,
    name text NOT NULL,
    email text DEFAULT '' NOT NULL,
    title text DEFAULT '' NOT NULL,
    department text DEFAULT '' NOT NULL,
    manager text,
    slack text DEFAULT '' NOT NULL,
    entra text DEFAULT '' NOT NULL,
    reach_on text DEFAULT 'slack' NOT NULL,
    employment text DEFAULT 'employee' NOT NULL,
    starts date,
    ends date,
    roles text[] DEFAULT '{}' NOT NULL,
    active boolean DEFAULT true NOT NULL,
    search text DEFAULT '' NOT NULL,
    PRIMARY KEY (tenant_id, person_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant,
    CONSTRAINT a_person_is_reached_on_one CHECK (reach_on IN ('slack', 'teams'))
);

CREATE UNIQUE INDEX one_person_per_entra_user ON person (tenant_id, entra)
    WHERE active AND entra <> '';

CREATE UNIQUE INDEX one_person_per_slack_user ON person (tenant_id, slack)
    WHERE active AND slack <> '';

CREATE TABLE person_address (
    tenant_id text NOT NULL,
    person_id text NOT NULL,
    platform text NOT NULL,
    address jsonb NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, person_id, platform),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);

CREATE TABLE conversation (
    tenant_id text NOT NULL,
    conversation_id text NOT NULL,
    address jsonb,
    due_at timestamptz,
    lease_until timestamptz,
    worker_id text,
    fence bigint DEFAULT 0 NOT NULL,
    mail_seq bigint DEFAULT 0 NOT NULL,
    consumed bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id),
    CONSTRAINT a_lease_has_an_owner CHECK ((lease_until IS NULL) = (worker_id IS NULL)),
    CONSTRAINT a_leased_conversation_is_due_when_its_lease_ends
        CHECK (lease_until IS NULL OR due_at IS NOT NULL),
    CONSTRAINT only_delivered_mail_is_consumed CHECK (consumed BETWEEN 0 AND mail_seq)
) WITH (fillfactor = 70);

CREATE INDEX conversation_claimable_idx ON conversation (greatest(due_at, lease_until))
    WHERE due_at IS NOT NULL;

CREATE TABLE mailbox (
    tenant_id text NOT NULL,
    conversation_id text NOT NULL,
    mail_seq bigint NOT NULL,
    kind text NOT NULL,
    body json NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id, mail_seq)
);

CREATE TABLE delivery_seen (
    tenant_id text NOT NULL,
    platform text NOT NULL,
    naming text NOT NULL,
    name text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    keep_until timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, platform, naming, name),
    CONSTRAINT a_delivery_is_named_by_call_or_by_content
        CHECK (naming IN ('delivery', 'said'))
);

CREATE INDEX delivery_seen_keep_until_idx ON delivery_seen (keep_until);

CREATE TABLE turn (
    tenant_id text NOT NULL,
    turn_id text NOT NULL,
    conversation_id text NOT NULL,
    requester_id text DEFAULT '' NOT NULL,
    requester_name text DEFAULT '' NOT NULL,
    text text DEFAULT '' NOT NULL,
    answer text DEFAULT '' NOT NULL,
    status text DEFAULT 'running' NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    delivered_seq bigint DEFAULT 0 NOT NULL,
    wake_at timestamptz,
    started_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    ended_at timestamptz,
    is_open boolean GENERATED ALWAYS AS (
        status IN ('running', 'parked')
        OR delivered_seq < last_seq
    ) STORED NOT NULL,
    PRIMARY KEY (tenant_id, turn_id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation,
    CONSTRAINT a_turn_is_in_one_known_state
        CHECK (status IN ('running', 'parked', 'completed', 'failed', 'cancelled')),
    CONSTRAINT an_ended_turn_says_when
        CHECK ((status IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT an_ended_turn_does_not_wake CHECK (wake_at IS NULL OR ended_at IS NULL),
    CONSTRAINT only_committed_events_are_delivered
        CHECK (delivered_seq BETWEEN 0 AND last_seq)
) WITH (fillfactor = 70);

CREATE INDEX turn_ended_idx ON turn (ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX turn_open_idx ON turn (tenant_id, conversation_id) WHERE is_open;

CREATE INDEX turn_tenant_id_conversation_id_started_at_idx
    ON turn (tenant_id, conversation_id, started_at);

CREATE INDEX turn_turn_id_idx ON turn (turn_id);

CREATE TABLE turn_event (
    tenant_id text NOT NULL,
    turn_id text NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (tenant_id, turn_id, seq),
    CONSTRAINT events_are_numbered_from_one CHECK (seq >= 1)
);

CREATE TABLE snapshot (
    tenant_id text NOT NULL,
    turn_id text NOT NULL,
    seq bigint NOT NULL,
    state text NOT NULL,
    checksum text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, turn_id, seq),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turn
);

CREATE TABLE surface (
    tenant_id text NOT NULL,
    surface_id text NOT NULL,
    turn_id text NOT NULL,
    role text NOT NULL,
    person_id text DEFAULT '' NOT NULL,
    platform text NOT NULL,
    address jsonb,
    intent_at timestamptz,
    receipt jsonb,
    shown_digest text DEFAULT '' NOT NULL,
    shown_seq bigint DEFAULT 0 NOT NULL,
    closed boolean DEFAULT false NOT NULL,
    error text DEFAULT '' NOT NULL,
    PRIMARY KEY (tenant_id, surface_id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turn,
    CONSTRAINT a_post_is_intended_before_it_is_made
        CHECK (receipt IS NULL OR intent_at IS NOT NULL),
    CONSTRAINT an_intended_post_has_an_address
        CHECK (intent_at IS NULL OR address IS NOT NULL)
);

CREATE INDEX surface_tenant_id_turn_id_idx ON surface (tenant_id, turn_id);

CREATE TABLE approval (
    tenant_id text NOT NULL,
    approval_id text NOT NULL,
    turn_id text NOT NULL,
    conversation_id text NOT NULL,
    call_id text NOT NULL,
    requester_id text NOT NULL,
    subject text NOT NULL,
    facts json NOT NULL,
    args_hash text NOT NULL,
    policy text DEFAULT '' NOT NULL,
    stages json NOT NULL,
    stage integer DEFAULT 0 NOT NULL,
    status text DEFAULT 'open' NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turn,
    CONSTRAINT an_approval_is_open_or_has_one_outcome
        CHECK (status IN ('open', 'approved', 'rejected', 'withdrawn', 'expired')),
    CONSTRAINT stages_are_numbered_from_zero CHECK (stage >= 0)
);

CREATE INDEX approval_due_idx ON approval (expires_at)
    WHERE status = 'open';

CREATE INDEX approval_open_by_requester_idx ON approval (tenant_id, requester_id)
    WHERE status = 'open';

CREATE TABLE decision (
    tenant_id text NOT NULL,
    approval_id text NOT NULL,
    stage integer NOT NULL,
    person_id text NOT NULL,
    verdict text NOT NULL,
    reason text DEFAULT '' NOT NULL,
    name text DEFAULT '' NOT NULL,
    said_key text DEFAULT '' NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, approval_id, stage, person_id),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approval,
    CONSTRAINT a_decision_is_a_verdict
        CHECK (verdict IN ('approved', 'rejected', 'withdrawn'))
);

CREATE TABLE resource (
    tenant_id text NOT NULL,
    resource_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    seats integer,
    stock integer,
    stock_counted integer,
    active boolean DEFAULT true NOT NULL,
    PRIMARY KEY (tenant_id, resource_id),
    FOREIGN KEY (tenant_id) REFERENCES tenant,
    CONSTRAINT a_shelf_is_never_emptier_than_empty CHECK (stock >= 0)
);

CREATE TABLE effect (
    tenant_id text NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    reference text DEFAULT '' NOT NULL,
    result json,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, key),
    CONSTRAINT an_effect_is_of_a_known_kind
        CHECK (kind IN ('grant', 'order', 'reset', 'ticket', 'waitlist'))
);

CREATE TABLE reference_counter (
    tenant_id text NOT NULL,
    prefix text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (tenant_id, prefix)
);

CREATE TABLE access_grant (
    tenant_id text NOT NULL,
    reference text NOT NULL,
    person_id text NOT NULL,
    resource_id text NOT NULL,
    grant_name text NOT NULL,
    seat boolean DEFAULT false NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (tenant_id, reference),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, resource_id) REFERENCES resource
);

CREATE INDEX access_grant_seats_idx ON access_grant (tenant_id, resource_id) WHERE seat;

CREATE INDEX access_grant_tenant_id_person_id_idx ON access_grant (tenant_id, person_id);

CREATE TABLE hardware_order (
    tenant_id text NOT NULL,
    reference text NOT NULL,
    person_id text NOT NULL,
    resource_id text NOT NULL,
    price numeric(12, 2) NOT NULL,
    currency text NOT NULL,
    from_stock boolean DEFAULT false NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, reference),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, resource_id) REFERENCES resource
);

CREATE TABLE waitlist_entry (
    tenant_id text NOT NULL,
    reference text NOT NULL,
    person_id text NOT NULL,
    resource_id text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, reference),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, resource_id) REFERENCES resource,
    UNIQUE (tenant_id, resource_id, person_id)
);

CREATE TABLE password_reset (
    tenant_id text NOT NULL,
    reference text NOT NULL,
    person_id text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, reference),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);

CREATE TABLE ticket (
    tenant_id text NOT NULL,
    reference text NOT NULL,
    person_id text NOT NULL,
    queue text NOT NULL,
    title text NOT NULL,
    body text DEFAULT '' NOT NULL,
    status text DEFAULT 'open' NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, reference),
    CONSTRAINT a_ticket_is_open_or_closed CHECK (status IN ('open', 'closed'))
);

CREATE TABLE article (
    tenant_id text NOT NULL,
    ref text NOT NULL,
    title text NOT NULL,
    owner text DEFAULT '' NOT NULL,
    updated text DEFAULT '' NOT NULL,
    body text DEFAULT '' NOT NULL,
    search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', body), 'B')
    ) STORED NOT NULL,
    PRIMARY KEY (tenant_id, ref),
    FOREIGN KEY (tenant_id) REFERENCES tenant
);

CREATE INDEX article_search_idx ON article USING gin (search);

CREATE TABLE audit (
    tenant_id text NOT NULL,
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz DEFAULT now() NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    subject text DEFAULT '' NOT NULL,
    detail json NOT NULL,
    PRIMARY KEY (tenant_id, audit_id)
);

CREATE INDEX audit_tenant_id_at_idx ON audit (tenant_id, at)
"""

_AUDIT_IS_APPEND_ONLY = (
    """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are never changed or removed';
END
$$
""",
    """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
""",
)


def upgrade() -> None:
    """Create the tables, in the order in which they refer to each other."""
    for statement in (*_TABLES.split(";"), *_AUDIT_IS_APPEND_ONLY):
        op.execute(statement)
