-- Wake conversations with a turn whose deadline passed a while ago.
--
-- Whoever owns such a conversation had its time to end the turn: an owner that holds it
-- for longer than the grace stands still, whatever its heartbeat says. Its fence grows,
-- so that it writes nothing more, and anybody may claim the conversation. One that is
-- due already or soon, and that nobody holds, only waits for a free worker: it is left
-- alone.
WITH overdue AS (
    SELECT DISTINCT t.tenant_id, t.conversation_id
    FROM turn AS t
    WHERE t.wake_at <= statement_timestamp() - CAST(:grace AS interval)
),
stuck AS (
    SELECT c.tenant_id, c.conversation_id
    FROM conversation AS c
    JOIN overdue AS o USING (tenant_id, conversation_id)
    WHERE (
            c.lease_until IS NULL
            AND coalesce(c.due_at, 'infinity')
                > statement_timestamp() + CAST(:grace AS interval)
        )
       OR c.claimed_at <= statement_timestamp() - CAST(:grace AS interval)
    ORDER BY c.tenant_id, c.conversation_id
    LIMIT CAST(:limit AS bigint)
    FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE conversation AS c
SET fence = c.fence + CASE WHEN c.lease_until IS NULL THEN 0 ELSE 1 END,
    lease_until = NULL,
    worker_id = NULL,
    claimed_at = NULL,
    due_at = statement_timestamp()
FROM stuck
WHERE c.tenant_id = stuck.tenant_id AND c.conversation_id = stuck.conversation_id
RETURNING c.tenant_id, c.conversation_id
