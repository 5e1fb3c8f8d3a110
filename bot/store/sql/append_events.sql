-- One group commit: events of many turns of many conversations.
--
-- 1. Lock the conversations in the order that all who lock several agree on, and read
--    their fences as they are once locked.
-- 2. Advance the turns whose conversation still has the batch's fence and whose log
--    ends exactly where the batch begins: no gap, nothing twice.
-- 3. Insert the events of those turns, and say which they were.
WITH wanted AS (
    SELECT *
    FROM unnest(
        CAST(:tenants AS text[]), CAST(:turns AS text[]),
        CAST(:conversations AS text[]), CAST(:fences AS bigint[]),
        CAST(:first_seqs AS bigint[]), CAST(:last_seqs AS bigint[]),
        CAST(:ats AS timestamptz[])
    ) WITH ORDINALITY AS w (
        tenant_id, turn_id, conversation_id, fence, first_seq, last_seq, at, number
    )
),
held AS MATERIALIZED (
    SELECT c.tenant_id, c.conversation_id, c.fence
    FROM conversation AS c
    WHERE (c.tenant_id, c.conversation_id) IN (
        SELECT w.tenant_id, w.conversation_id FROM wanted AS w
    )
    ORDER BY c.tenant_id, c.conversation_id
    FOR NO KEY UPDATE
),
advanced AS (
    UPDATE turn AS t
    SET last_seq = w.last_seq, updated_at = w.at
    FROM wanted AS w
    JOIN held AS h USING (tenant_id, conversation_id, fence)
    WHERE t.tenant_id = w.tenant_id
      AND t.turn_id = w.turn_id
      AND t.conversation_id = w.conversation_id
      AND t.last_seq = w.first_seq - 1
    RETURNING t.tenant_id, t.turn_id, w.number
),
written AS (
    INSERT INTO turn_event (tenant_id, turn_id, seq, type, at, body)
    SELECT a.tenant_id, a.turn_id, e.seq, e.type, e.at, e.body
    FROM unnest(
        CAST(:event_numbers AS bigint[]), CAST(:event_seqs AS bigint[]),
        CAST(:event_types AS text[]), CAST(:event_ats AS timestamptz[]),
        CAST(CAST(:event_bodies AS text[]) AS json[])
    ) AS e (number, seq, type, at, body)
    JOIN advanced AS a USING (number)
)
SELECT turn_id FROM advanced
