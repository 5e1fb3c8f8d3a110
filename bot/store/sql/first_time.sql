-- Note both names of a delivery; whoever notes a name first keeps it. A second
-- transaction with the same name waits here until the first has ended. Always the
-- call's name before the content's, so that two deliveries cannot wait for each other.
INSERT INTO delivery_seen (tenant_id, platform, naming, name, keep_until)
SELECT CAST(:tenant_id AS text), CAST(:platform AS text), named.naming, named.name,
       statement_timestamp() + CAST(:keep AS interval)
FROM (
    VALUES
        (1, 'delivery', CAST(:delivery_id AS text)),
        (2, 'said', CAST(:said_key AS text))
) AS named (place, naming, name)
ORDER BY named.place
ON CONFLICT DO NOTHING
RETURNING naming
