-- Take this conversation, if it is due and nobody holds it. See claim_conversations.sql.
WITH due AS (
    SELECT tenant_id, conversation_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND due_at IS NOT NULL
      AND greatest(due_at, lease_until) <= statement_timestamp()
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE conversation AS c
SET fence = c.fence + 1,
    worker_id = CAST(:worker_id AS text),
    claimed_at = statement_timestamp(),
    claimed_as = c.fence + 1,
    lease_until = statement_timestamp() + CAST(:lease AS interval)
FROM due
WHERE c.tenant_id = due.tenant_id AND c.conversation_id = due.conversation_id
RETURNING c.tenant_id, c.conversation_id, c.fence, c.address
