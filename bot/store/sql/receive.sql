-- Take in one message: note both names of its delivery, and only if both are new, put
-- it into its conversation and remember where its author was met.
--
-- What first_time.sql, deliver.sql and remembering do one after the other, for the same
-- reasons, in one round trip: this is what a webhook waits for. The parts run in the
-- order in which they need each other: nothing is delivered before the names are taken,
-- and a twin waits for them here.
WITH named AS (
    INSERT INTO delivery_seen (tenant_id, platform, naming, name, keep_until)
    SELECT CAST(:tenant_id AS text), CAST(:platform AS text), n.naming, n.name,
           statement_timestamp() + CAST(:keep AS interval)
    FROM (
        VALUES
            (1, 'delivery', CAST(:delivery_id AS text)),
            (2, 'said', CAST(:said_key AS text))
    ) AS n (place, naming, name)
    ORDER BY n.place
    ON CONFLICT DO NOTHING
    RETURNING naming
),
new AS (
    SELECT true AS is_new FROM named HAVING count(*) = 2
),
met AS (
    INSERT INTO person_address AS a (tenant_id, person_id, platform, address)
    SELECT CAST(:tenant_id AS text), CAST(:met AS text), CAST(:platform AS text),
           CAST(:address AS jsonb)
    FROM new
    WHERE CAST(:met AS text) IS NOT NULL
    ON CONFLICT (tenant_id, person_id, platform) DO UPDATE
    SET address = excluded.address, updated_at = statement_timestamp()
    WHERE a.address <> excluded.address
),
numbered AS (
    INSERT INTO conversation AS c
        (tenant_id, conversation_id, address, mail_seq, due_at)
    SELECT CAST(:tenant_id AS text), CAST(:conversation_id AS text),
           CAST(:address AS jsonb), 1, statement_timestamp()
    FROM new
    ON CONFLICT (tenant_id, conversation_id) DO UPDATE
    SET mail_seq = c.mail_seq + 1,
        due_at = least(c.due_at, statement_timestamp()),
        address = excluded.address
    RETURNING tenant_id, conversation_id, mail_seq
)
INSERT INTO mailbox (tenant_id, conversation_id, mail_seq, kind, body)
SELECT tenant_id, conversation_id, mail_seq,
       CAST(:kind AS text), CAST(:body AS json)
FROM numbered
RETURNING mail_seq
