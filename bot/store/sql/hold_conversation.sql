-- Lock the conversation for this transaction if the fence is still the claim's. A new
-- claim waits (or, with SKIP LOCKED, passes by) until the transaction has ended.
SELECT 1
FROM conversation
WHERE tenant_id = CAST(:tenant_id AS text)
  AND conversation_id = CAST(:conversation_id AS text)
  AND fence = CAST(:fence AS bigint)
FOR NO KEY UPDATE
