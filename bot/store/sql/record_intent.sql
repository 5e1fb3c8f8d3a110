-- Say that a surface is about to be posted, under the claim's fence, seen on the locked
-- conversation. One statement, because every new message waits for it. A surface that
-- was visible before counts as not visible from here on.
WITH held AS MATERIALIZED (
    SELECT tenant_id
    FROM conversation
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND conversation_id = CAST(:conversation_id AS text)
      AND fence = CAST(:fence AS bigint)
    FOR NO KEY UPDATE
)
INSERT INTO surface (tenant_id, surface_id, turn_id, role, person_id, platform,
                     address, intent_at)
SELECT held.tenant_id, CAST(:surface_id AS text), CAST(:turn_id AS text),
       CAST(:role AS text), CAST(:person_id AS text), CAST(:platform AS text),
       CAST(:address AS jsonb), statement_timestamp()
FROM held
ON CONFLICT (tenant_id, surface_id) DO UPDATE
SET address = excluded.address, platform = excluded.platform,
    intent_at = excluded.intent_at, receipt = NULL
RETURNING intent_at
