-- The next number of a tenant's series. The row stays locked until the transaction
-- ends, so a number that a rollback gives back is not lost.
INSERT INTO reference_counter AS r (tenant_id, prefix, last)
VALUES (CAST(:tenant_id AS text), CAST(:prefix AS text), CAST(:first AS bigint))
ON CONFLICT (tenant_id, prefix) DO UPDATE SET last = r.last + 1
RETURNING last
