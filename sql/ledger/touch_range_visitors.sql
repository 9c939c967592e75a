-- Takes the visitors of a range of slots to look at, whether they are queued or not.
--
-- Parameters
--   shop         slug
--   first, last  UInt64, slots, both included
INSERT INTO ledger_visitors
SELECT DISTINCT shop, visitor
FROM
(
    SELECT shop, visitor FROM visitor_activity WHERE shop = {shop:String} AND visitor BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM day_facts WHERE shop = {shop:String} AND visitor BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM order_events WHERE shop = {shop:String} AND visitor BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM order_facts WHERE shop = {shop:String} AND visitor BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM conversation_events WHERE shop = {shop:String} AND visitor BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, sipHash64('order', order_id) FROM ledger_orders
)
WHERE visitor != 0
