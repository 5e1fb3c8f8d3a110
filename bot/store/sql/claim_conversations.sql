-- Take the conversations that have been due longest and that nobody holds.
--
-- Every condition is on the locked row: Postgres checks the WHERE again on the row as
-- it is once locked, and SKIP LOCKED passes over a row that somebody is changing, so
-- two workers never take the same one, and nobody who claims waits for anybody.
-- GREATEST ignores NULLs: a conversation without a lease is claimable from due_at, one
-- with a lease from its end, which is what the partial index
-- conversation_claimable_idx is sorted by.
--
-- Beside them, when the next one can be claimed that is not the worker's own: so a
-- worker is there at the very moment when another's lease runs out. That is one row
-- with no claim in it where nothing was due.
WITH due AS (
    SELECT tenant_id, conversation_id, greatest(due_at, lease_until) AS since
    FROM conversation
    WHERE due_at IS NOT NULL
      AND greatest(due_at, lease_until) <= statement_timestamp()
      AND needs <= CAST(:generation AS bigint)
    ORDER BY greatest(due_at, lease_until)
    LIMIT CAST(:most AS bigint)
    FOR NO KEY UPDATE SKIP LOCKED
),
taken AS (
    UPDATE conversation AS c
    SET fence = c.fence + 1,
        worker_id = CAST(:worker_id AS text),
        claimed_at = statement_timestamp(),
        claimed_as = c.fence + 1,
        lease_until = statement_timestamp() + CAST(:lease AS interval)
    FROM due
    WHERE c.tenant_id = due.tenant_id AND c.conversation_id = due.conversation_id
    RETURNING c.tenant_id, c.conversation_id, c.fence, c.address, due.since
),
coming AS (
    SELECT greatest(due_at, lease_until) - statement_timestamp() AS wait
    FROM conversation
    WHERE due_at IS NOT NULL
      AND greatest(due_at, lease_until) > statement_timestamp()
      AND needs <= CAST(:generation AS bigint)
      AND worker_id IS DISTINCT FROM CAST(:worker_id AS text)
    ORDER BY greatest(due_at, lease_until)
    LIMIT 1
)
SELECT t.tenant_id, t.conversation_id, t.fence, t.address, coming.wait
FROM (SELECT 1) AS always
LEFT JOIN coming ON true
LEFT JOIN taken AS t ON true
ORDER BY t.since
