-- The best matching articles. Every word of the question counts, none is required:
-- plainto_tsquery drops the stop words and joins the rest with AND, which becomes OR.
WITH question AS (
    SELECT CAST(
        regexp_replace(
            CAST(plainto_tsquery('english', CAST(:query AS text)) AS text),
            ' (&|<->|<[0-9]+>) ', ' | ', 'g'
        ) AS tsquery
    ) AS words
)
SELECT a.ref, a.title, a.owner, a.updated, a.body,
       ts_rank(a.search, q.words, 1) AS rank
FROM article AS a CROSS JOIN question AS q
WHERE a.tenant_id = CAST(:tenant_id AS text) AND a.search @@ q.words
ORDER BY rank DESC, a.ref
LIMIT CAST(:limit AS bigint)
