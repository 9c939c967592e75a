-- Finds once more what to look at together with a visitor: who comes back while they are being forgotten must
-- not lose it.
--
-- Parameters
--   shop     slug
--   visitor  UInt64, sipHash64 of the id
INSERT INTO relations
SELECT DISTINCT shop, order_events.visitor AS name, order_id, 0 AS visitor, 0 AS conversation
FROM order_events
WHERE shop = {shop:String} AND order_events.visitor = {visitor:UInt64} AND kind = 'order'
UNION ALL
SELECT DISTINCT shop, conversation_events.visitor AS name, '' AS order_id, 0 AS visitor, conversation
FROM conversation_events
WHERE shop = {shop:String} AND conversation_events.visitor = {visitor:UInt64}
UNION ALL
SELECT shop, edge.1 AS name, '' AS order_id, edge.2 AS visitor, 0 AS conversation
FROM
(
    SELECT DISTINCT shop, sipHash64('customer', arrayJoin(customers)) AS customer
    FROM visitor_activity
    WHERE shop = {shop:String} AND visitor = {visitor:UInt64}
)
ARRAY JOIN [(customer, {visitor:UInt64}), ({visitor:UInt64}, customer)] AS edge
