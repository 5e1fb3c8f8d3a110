-- A conversation's newest turns that do not run and did not end before "after", oldest
-- first, each with the event that ended it; not those in which somebody was only told
-- something. Only so many turns are looked at: a chat may be years old.
SELECT newest.turn_id, newest.requester_id, newest.requester_name, newest.text,
       newest.answer, newest.status, newest.started_at, newest.ended_at,
       CAST(ending.body AS text) AS ending
FROM (
    SELECT *
    FROM turn
    WHERE turn.tenant_id = CAST(:tenant_id AS text)
      AND turn.conversation_id = CAST(:conversation_id AS text)
    ORDER BY turn.started_at DESC, turn.turn_id DESC
    LIMIT CAST(:newest AS bigint)
) AS newest
LEFT JOIN turn_event AS ending
    ON newest.ended_at IS NOT NULL
   AND ending.tenant_id = newest.tenant_id
   AND ending.turn_id = newest.turn_id
   AND ending.seq = newest.last_seq
WHERE newest.requester_id <> ''
  AND newest.text <> ''
  AND newest.status <> 'running'
  AND (newest.ended_at IS NULL OR CAST(:after AS timestamptz) IS NULL
       OR newest.ended_at > CAST(:after AS timestamptz))
ORDER BY newest.started_at, newest.turn_id
