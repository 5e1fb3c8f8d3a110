-- The two events that may have a conversation's newest summary: the beginning, and the
-- first question, of the newest turn that was asked at all. One that failed before that
-- may not even have read what was there.
SELECT CAST(turn_event.body AS text) AS body
FROM turn_event
WHERE turn_event.tenant_id = CAST(:tenant_id AS text)
  AND turn_event.turn_id = (
      SELECT turn.turn_id
      FROM turn
      WHERE turn.tenant_id = CAST(:tenant_id AS text)
        AND turn.conversation_id = CAST(:conversation_id AS text)
        AND EXISTS (
            SELECT FROM turn_event AS asked
            WHERE asked.tenant_id = turn.tenant_id
              AND asked.turn_id = turn.turn_id
              AND asked.type = 'model.asked'
        )
      ORDER BY turn.started_at DESC, turn.turn_id DESC
      LIMIT 1
  )
  AND turn_event.type IN ('turn.started', 'model.asked')
ORDER BY turn_event.seq
LIMIT 2
