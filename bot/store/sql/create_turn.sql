-- Make a turn without events under the claim's fence, seen on the locked conversation,
-- which stays locked: the turn's first events are written in the same transaction.
WITH held AS MATERIALIZED (
    SELECT tenant_id, conversation_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND fence = CAST(:fence AS bigint)
    FOR NO KEY UPDATE
),
made AS (
    INSERT INTO turn (tenant_id, turn_id, conversation_id, requester_id,
                      requester_name, text, wake_at, started_at, updated_at)
    SELECT held.tenant_id, CAST(:turn_id AS text), held.conversation_id,
           CAST(:requester_id AS text), CAST(:requester_name AS text),
           CAST(:text AS text), CAST(:wake_at AS timestamptz),
           CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM held
    ON CONFLICT DO NOTHING
    RETURNING turn_id
)
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM made) AS made
