-- Take grants whose end is due and that nobody works on.
--
-- Due is when its time is over, or later where it was put off; a claim puts it off by its
-- lease, so that whoever dies with it is followed by another. Every condition is on the
-- locked row and SKIP LOCKED passes over what others take, so no two take the same; the
-- fence tells them apart should one come back after its lease.
--
-- How late it is counts from when it was due at first, however often it was put off.
--
-- Beside each, what else our records say of the same membership: a grant that goes on
-- keeps it, and one that a system is just asked for is waited for.
WITH due AS (
    SELECT tenant_id, reference
    FROM access_grant
    WHERE tenant_id = CAST(:tenant_id AS text)
      AND ended_at IS NULL
      AND coalesce(ending_at, ends_at) <= statement_timestamp()
    ORDER BY coalesce(ending_at, ends_at)
    LIMIT CAST(:most AS bigint)
    FOR NO KEY UPDATE SKIP LOCKED
),
taken AS (
    UPDATE access_grant AS g
    SET ending_at = statement_timestamp() + CAST(:lease AS interval),
        ending_fence = g.ending_fence + 1,
        ending_tries = g.ending_tries + 1
    FROM due
    WHERE g.tenant_id = due.tenant_id AND g.reference = due.reference
    RETURNING g.*, CASE
        WHEN g.given THEN g.ends_at
        ELSE g.at + CAST(:settled_after AS interval)
    END AS due_at
)
SELECT t.reference, t.ending_fence, t.person_id, t.resource_id, t.grant_name,
       t.system, t.target, t.account, t.given, t.ending_tries,
       t.due_at, statement_timestamp() - t.due_at AS late,
       coalesce(bool_or(o.given), false) AS kept,
       coalesce(bool_or(NOT o.given), false) AS awaited
FROM taken AS t
LEFT JOIN access_grant AS o
    ON t.system <> ''
   AND o.tenant_id = t.tenant_id
   AND o.system = t.system AND o.target = t.target
   AND lower(o.account) = lower(t.account)
   AND o.reference <> t.reference
   AND o.ended_at IS NULL
   AND (NOT o.given OR o.ends_at IS NULL OR o.ends_at > statement_timestamp())
GROUP BY t.reference, t.ending_fence, t.person_id, t.resource_id, t.grant_name,
         t.system, t.target, t.account, t.given, t.ending_tries, t.due_at
ORDER BY due_at
