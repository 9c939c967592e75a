-- Takes the orders of a range of slots to look at, whether they are queued or not.
--
-- Parameters
--   shop         slug
--   first, last  UInt64, slots, both included
INSERT INTO ledger_orders
SELECT DISTINCT shop, order_id
FROM order_events
WHERE shop = {shop:String} AND sipHash64('order', order_id) BETWEEN {first:UInt64} AND {last:UInt64}
UNION DISTINCT
SELECT shop, order_id
FROM order_facts
WHERE shop = {shop:String} AND sipHash64('order', order_id) BETWEEN {first:UInt64} AND {last:UInt64}
