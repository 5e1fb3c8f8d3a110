-- Extend the leases of the conversations that are still ours.
--
-- The rows are locked first, in the order that all who lock several agree on; the
-- fence is looked at on the locked rows. A lease that ran out but that nobody took is
-- extended too: the fence says that nothing happened meanwhile.
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
    FOR NO KEY UPDATE OF c
)
UPDATE conversation AS c
SET lease_until = statement_timestamp() + CAST(:lease AS interval)
FROM held
WHERE c.tenant_id = held.tenant_id AND c.conversation_id = held.conversation_id
RETURNING c.conversation_id
