-- The sections that have most of a question, with which of its terms each has and where.
-- How well they fit is decided by bot/knowledge/ranking.py; here is only sorted out, by
-- the same rarity, what cannot be among the best. `having` counts all sections that have
-- a term, also those that are not returned.
-- Materialized: each term is looked up in the index once.
WITH term AS MATERIALIZED (
    SELECT t.number, CAST(t.query AS tsquery) AS query
    FROM unnest(CAST(:numbers AS int[]), CAST(:queries AS text[])) AS t(number, query)
), hit AS MATERIALIZED (
    SELECT s.origin, s.ref, s.number, t.number AS term,
           CASE WHEN ts_filter(s.search, '{b}') @@ t.query THEN 'heading'
                WHEN ts_filter(s.search, '{a}') @@ t.query THEN
                    CASE WHEN ts_filter(s.search, '{d}') @@ t.query
                        THEN 'topic' ELSE 'title' END
                ELSE 'text' END AS zone
    FROM term AS t JOIN knowledge_section AS s ON s.search @@ t.query
    WHERE s.tenant_id = CAST(:tenant_id AS text)
), having_it AS (
    SELECT term, count(*) AS sections FROM hit GROUP BY term
), everything AS (
    SELECT count(*) AS sections FROM knowledge_section
    WHERE tenant_id = CAST(:tenant_id AS text)
), best AS (
    SELECT h.origin, h.ref, h.number,
           array_agg(h.term ORDER BY h.term) AS terms,
           array_agg(h.zone ORDER BY h.term) AS zones,
           sum(ln(1 + e.sections / (i.sections + 0.5))) AS rarity
    FROM hit AS h JOIN having_it AS i USING (term) CROSS JOIN everything AS e
    GROUP BY h.origin, h.ref, h.number
    ORDER BY rarity DESC, h.origin, h.ref, h.number
    LIMIT CAST(:limit AS bigint)
)
SELECT a.ref, a.title, a.owner, a.updated, s.headings, s.body, b.terms, b.zones,
       e.sections AS total,
       (SELECT json_object_agg(term, sections) FROM having_it) AS having
FROM best AS b CROSS JOIN everything AS e
JOIN knowledge_section AS s
  ON s.tenant_id = CAST(:tenant_id AS text)
 AND (s.origin, s.ref, s.number) = (b.origin, b.ref, b.number)
JOIN knowledge_article AS a
  ON a.tenant_id = s.tenant_id AND (a.origin, a.ref) = (s.origin, s.ref)
ORDER BY s.origin, s.ref, s.number
