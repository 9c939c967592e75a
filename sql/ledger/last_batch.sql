-- The highest number under which the upkeep has written anything.
--
-- Row shape: exactly one row: batch UInt64
SELECT max(batch) AS batch
FROM
(
    SELECT max(batch) AS batch FROM day_ledger
    UNION ALL
    SELECT max(batch) FROM day_facts
    UNION ALL
    SELECT max(batch) FROM order_facts
)
