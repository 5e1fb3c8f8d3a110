-- Say what a surface shows, under the claim's fence, seen on the locked conversation.
-- One statement: it follows every new message. What is shown never goes back.
WITH held AS MATERIALIZED (
    SELECT tenant_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND fence = CAST(:fence AS bigint)
    FOR NO KEY UPDATE
),
shown AS (
    UPDATE surface AS s
    SET shown_digest = :digest, error = :error,
        shown_seq = greatest(s.shown_seq, CAST(:seq AS bigint)),
        closed = s.closed OR CAST(:closed AS boolean),
        receipt = coalesce(CAST(:receipt AS jsonb), s.receipt)
    FROM held
    WHERE s.tenant_id = held.tenant_id AND s.surface_id = CAST(:surface_id AS text)
)
SELECT 1 FROM held
