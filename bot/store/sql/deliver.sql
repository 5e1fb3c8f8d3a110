-- Put one piece of mail into a conversation, which is made if it is new.
--
-- The row lock of the upsert numbers mail without gaps, and makes a release that runs
-- at the same time see it. due_at never moves later; LEAST ignores NULL.
WITH numbered AS (
    INSERT INTO conversation AS c
        (tenant_id, conversation_id, address, mail_seq, due_at)
    VALUES (
        CAST(:tenant_id AS text), CAST(:conversation_id AS text),
        CAST(:address AS jsonb), 1, statement_timestamp()
    )
    ON CONFLICT (tenant_id, conversation_id) DO UPDATE
    SET mail_seq = c.mail_seq + 1,
        due_at = least(c.due_at, statement_timestamp()),
        address = coalesce(excluded.address, c.address)
    RETURNING tenant_id, conversation_id, mail_seq
)
INSERT INTO mailbox (tenant_id, conversation_id, mail_seq, kind, body)
SELECT tenant_id, conversation_id, mail_seq,
       CAST(:kind AS text), CAST(:body AS json)
FROM numbered
RETURNING mail_seq
