-- Wake conversations with a turn whose deadline passed a while ago.
--
-- Whoever owns such a conversation had its time to end the turn: an owner that holds it
-- for longer than the grace stands still, whatever its heartbeat says. Its fence grows,
-- so that it writes nothing more, and anybody may claim the conversation. One that is
-- due already or soon, and that nobody holds, only waits for a free worker: it is left
-- alone.
--
-- An owner of a release that does not write down when it claims leaves there what was:
-- nothing, or the time of a claim before its own. Then the fence is not the one that
-- the time is of, and its grace begins now.
WITH overdue AS (
    SELECT DISTINCT t.tenant_id, t.conversation_id
    FROM turn AS t
    WHERE t.wake_at <= statement_timestamp() - CAST(:grace AS interval)
),
stuck AS (
    SELECT
        c.tenant_id,
        c.conversation_id,
        c.lease_until IS NOT NULL
        AND (c.claimed_at IS NULL OR c.claimed_as <> c.fence) AS is_news
    FROM conversation AS c
    JOIN overdue AS o USING (tenant_id, conversation_id)
    WHERE CASE
        WHEN c.lease_until IS NULL
        THEN coalesce(c.due_at, 'infinity')
            > statement_timestamp() + CAST(:grace AS interval)
        ELSE c.claimed_at IS NULL
            OR c.claimed_as <> c.fence
            OR c.claimed_at <= statement_timestamp() - CAST(:grace AS interval)
    END
    ORDER BY c.tenant_id, c.conversation_id
    LIMIT CAST(:limit AS bigint)
    FOR NO KEY UPDATE OF c SKIP LOCKED
),
noted AS (
    UPDATE conversation AS c
    SET claimed_at = statement_timestamp(),
        claimed_as = c.fence
    FROM stuck
    WHERE c.tenant_id = stuck.tenant_id
      AND c.conversation_id = stuck.conversation_id
      AND stuck.is_news
)
UPDATE conversation AS c
SET fence = c.fence + CASE WHEN c.lease_until IS NULL THEN 0 ELSE 1 END,
    lease_until = NULL,
    worker_id = NULL,
    claimed_at = NULL,
    due_at = statement_timestamp()
FROM stuck
WHERE c.tenant_id = stuck.tenant_id
  AND c.conversation_id = stuck.conversation_id
  AND NOT stuck.is_news
RETURNING c.tenant_id, c.conversation_id
