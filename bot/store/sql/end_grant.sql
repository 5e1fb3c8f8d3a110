-- Write down that a grant has ended, on behalf of whoever claimed it last.
--
-- What was taken away must be wanted by nobody: a request for the same membership that
-- began since was told that it is there. It is written down before its system is asked,
-- so it is seen here; the grant then stays, and is due again at once.
WITH held AS (
    SELECT g.*, CAST(:taken AS boolean) AND EXISTS (
        SELECT 1 FROM access_grant AS o
        WHERE g.system <> ''
          AND o.tenant_id = g.tenant_id
          AND o.system = g.system AND o.target = g.target
          AND lower(o.account) = lower(g.account)
          AND o.reference <> g.reference
          AND o.ended_at IS NULL
          AND (NOT o.given OR o.ends_at IS NULL OR o.ends_at > statement_timestamp())
    ) AS is_wanted
    FROM access_grant AS g
    WHERE g.tenant_id = CAST(:tenant_id AS text)
      AND g.reference = CAST(:reference AS text)
      AND g.ending_fence = CAST(:fence AS bigint)
      AND g.ended_at IS NULL
    FOR NO KEY UPDATE
)
UPDATE access_grant AS g
SET ended_at = CASE WHEN NOT held.is_wanted THEN statement_timestamp() END,
    ending_at = statement_timestamp()
FROM held
WHERE g.tenant_id = held.tenant_id AND g.reference = held.reference
RETURNING g.ended_at IS NOT NULL AS ended, g.turn_id
