-- Give the conversation up. The fence grows, so whatever is still in flight for this
-- claim is refused from here on. Whether mail is left is read from the same row that
-- deliver.sql counts it on, so mail that comes during the release is never forgotten.
UPDATE conversation
SET fence = fence + 1,
    lease_until = NULL,
    worker_id = NULL,
    claimed_at = NULL,
    due_at = CASE
        WHEN mail_seq > consumed
        THEN statement_timestamp() + CAST(:delay AS interval)
        WHEN CAST(:next_due AS timestamptz) IS NOT NULL
        THEN greatest(
            CAST(:next_due AS timestamptz),
            statement_timestamp() + CAST(:rest AS interval)
        )
    END
WHERE tenant_id = CAST(:tenant_id AS text)
  AND conversation_id = CAST(:conversation_id AS text)
  AND fence = CAST(:fence AS bigint)
RETURNING mail_seq > consumed AS has_mail
