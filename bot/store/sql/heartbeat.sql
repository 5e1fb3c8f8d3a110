-- Extend the leases of the conversations that are still ours.
--
-- The fence is looked at on the locked rows. A lease that ran out but that nobody took
-- is extended too: the fence says that nothing happened meanwhile. A row that somebody
-- has locked is passed over: one frozen transaction must not cost a worker all its
-- other leases. It is still held if its fence, as last committed, is the claim's; the
-- next heartbeat extends it.
WITH wanted AS (
    SELECT *
    FROM unnest(
        CAST(:tenants AS text[]), CAST(:conversations AS text[]),
        CAST(:fences AS bigint[])
    ) AS w (tenant_id, conversation_id, fence)
),
held AS MATERIALIZED (
    SELECT c.tenant_id, c.conversation_id
    FROM conversation AS c
    JOIN wanted AS w USING (tenant_id, conversation_id)
    WHERE c.fence = w.fence
    ORDER BY c.tenant_id, c.conversation_id
    FOR NO KEY UPDATE OF c SKIP LOCKED
),
extended AS (
    UPDATE conversation AS c
    SET lease_until = statement_timestamp() + CAST(:lease AS interval)
    FROM held
    WHERE c.tenant_id = held.tenant_id AND c.conversation_id = held.conversation_id
)
SELECT c.conversation_id, c.mail_seq
FROM conversation AS c
JOIN wanted AS w USING (tenant_id, conversation_id)
WHERE c.fence = w.fence
