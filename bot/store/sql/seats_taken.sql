-- How many people hold a seat of the resource now, and whether this person is one.
--
-- In our records alone a seat is free at its end. One that a system gave is free once it
-- was taken away there; one that a system is just asked for is kept.
SELECT count(DISTINCT person_id) AS taken,
       coalesce(bool_or(person_id = CAST(:person_id AS text)), false) AS has_one
FROM access_grant
WHERE tenant_id = CAST(:tenant_id AS text)
  AND resource_id = CAST(:resource_id AS text)
  AND seat
  AND ended_at IS NULL
  AND (ends_at IS NULL OR ends_at > statement_timestamp() OR system <> '')
