-- The events with a conversation's newest summaries, the newest first. A turn has it in
-- its beginning or, made by itself, in its first question. Turns of the first release
-- have none and hide none: those before them still count. Only so many turns are looked
-- at, as for what was said; two rows, because one may be damaged.
SELECT CAST(told.body AS text) AS body
FROM (
    SELECT turn.turn_id, turn.started_at
    FROM turn
    WHERE turn.tenant_id = CAST(:tenant_id AS text)
      AND turn.conversation_id = CAST(:conversation_id AS text)
    ORDER BY turn.started_at DESC, turn.turn_id DESC
    LIMIT CAST(:newest AS bigint)
) AS newest
CROSS JOIN LATERAL (
    SELECT turn_event.body
    FROM turn_event
    WHERE turn_event.tenant_id = CAST(:tenant_id AS text)
      AND turn_event.turn_id = newest.turn_id
      AND turn_event.type IN ('turn.started', 'model.asked')
      AND turn_event.body -> 'summary' ->> 'text' IS NOT NULL
    ORDER BY turn_event.seq DESC
    LIMIT 1
) AS told
ORDER BY newest.started_at DESC, newest.turn_id DESC
LIMIT 2
