-- Take the conversation that has been due longest and that nobody holds.
--
-- Every condition is on the locked row: Postgres checks the WHERE again on the row as
-- it is once locked, and SKIP LOCKED passes over a row that somebody is changing, so
-- two workers never take the same one. GREATEST ignores NULLs: a conversation without
-- a lease is claimable from due_at, one with a lease from its end, which is what the
-- partial index conversation_claimable_idx is sorted by.
WITH due AS (
    SELECT tenant_id, conversation_id
    FROM conversation
    WHERE due_at IS NOT NULL
      AND greatest(due_at, lease_until) <= statement_timestamp()
      AND needs <= CAST(:generation AS bigint)
    ORDER BY greatest(due_at, lease_until)
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE conversation AS c
SET fence = c.fence + 1,
    worker_id = CAST(:worker_id AS text),
    claimed_at = statement_timestamp(),
    lease_until = statement_timestamp() + CAST(:lease AS interval)
FROM due
WHERE c.tenant_id = due.tenant_id AND c.conversation_id = due.conversation_id
RETURNING c.tenant_id, c.conversation_id, c.fence, c.address
