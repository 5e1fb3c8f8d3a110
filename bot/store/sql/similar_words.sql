-- Words of the articles that share most trigrams with a word. Two in common are the
-- fewest that one typing error leaves; which of the words are near enough is decided by
-- bot/knowledge/words.py.
WITH near AS (
    SELECT w.word,
           (SELECT count(*) FROM unnest(w.trigrams) AS t
            WHERE t = ANY (CAST(:trigrams AS text[]))) AS shared,
           cardinality(w.trigrams) AS trigrams
    FROM knowledge_word AS w
    WHERE w.tenant_id = CAST(:tenant_id AS text)
      AND w.trigrams && CAST(:trigrams AS text[])
)
SELECT word FROM near
WHERE shared >= 2
ORDER BY shared DESC, trigrams, word
LIMIT CAST(:limit AS bigint)
