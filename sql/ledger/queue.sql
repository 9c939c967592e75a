-- The parts of the queue, small ones first.
--
-- Row shape: one row per part: name String, rows UInt64
SELECT toString(_part) AS name, count() AS rows
FROM ledger_changes
GROUP BY name
ORDER BY rows, name
