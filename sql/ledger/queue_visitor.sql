-- Queues a visitor, and the orders that name or named them.
--
-- Parameters
--   shop     slug
--   visitor  UInt64, sipHash64 of the id
INSERT INTO ledger_changes
SELECT {shop:String} AS shop, {visitor:UInt64} AS slot, {visitor:UInt64} AS visitor, '' AS order_id, 0 AS conversation
UNION ALL
SELECT DISTINCT shop, sipHash64('order', order_id) AS slot, 0 AS visitor, order_id, 0 AS conversation
FROM relations
WHERE shop = {shop:String} AND name = {visitor:UInt64} AND order_id != ''
