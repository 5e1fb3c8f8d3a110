-- Note how far a turn is shown, under the claim's fence, seen on the locked
-- conversation. What was noted never goes back.
WITH held AS MATERIALIZED (
    SELECT tenant_id, conversation_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND fence = CAST(:fence AS bigint)
    FOR NO KEY UPDATE
),
noted AS (
    UPDATE turn AS t
    SET delivered_seq = greatest(t.delivered_seq, CAST(:seq AS bigint))
    FROM held
    WHERE t.tenant_id = held.tenant_id
      AND t.turn_id = CAST(:turn_id AS text)
      AND t.conversation_id = held.conversation_id
)
SELECT EXISTS (SELECT FROM held) AS held
