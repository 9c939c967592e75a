-- How many visitors and orders parts of the queue name, nearly: it decides how many pieces are made of them.
--
-- Parameters
--   parts  Array(String), parts of the queue
-- Row shape: one row: slots UInt64
SELECT uniq(shop, slot) AS slots
FROM ledger_changes
WHERE _part IN {parts:Array(String)}
