-- Take mail out of the conversation, in any order: a second person's message may stay
-- while a later Stop is consumed. The conversation keeps how many were delivered
-- (mail_seq) and how many consumed, so that its row alone tells whether any is left.
--
-- Mail is removed only under the claim's fence, seen on the locked row.
WITH held AS MATERIALIZED (
    SELECT tenant_id, conversation_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND fence = CAST(:fence AS bigint)
    FOR NO KEY UPDATE
),
gone AS (
    DELETE FROM mailbox AS m
    USING held
    WHERE m.tenant_id = held.tenant_id
      AND m.conversation_id = held.conversation_id
      AND m.mail_seq = ANY (CAST(:mail_seqs AS bigint[]))
    RETURNING m.mail_seq
)
UPDATE conversation AS c
SET consumed = c.consumed + (SELECT count(*) FROM gone)
FROM held
WHERE c.tenant_id = held.tenant_id AND c.conversation_id = held.conversation_id
RETURNING c.mail_seq - c.consumed AS left_over
