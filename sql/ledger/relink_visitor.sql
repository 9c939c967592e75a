-- Finds once more what to look at together with a visitor: who comes back while they are being forgotten must
-- not lose it.
--
-- Parameters
--   shop     slug
--   visitor  UInt64, sipHash64 of the id
INSERT INTO links
SELECT DISTINCT shop, orders.visitor AS name, order_id, 0 AS visitor
FROM orders
WHERE shop = {shop:String} AND orders.visitor = {visitor:UInt64} AND kind = 'order'
UNION ALL
SELECT DISTINCT shop, sipHash64('customer', arrayJoin(customers)) AS name, '' AS order_id, visitor_days.visitor AS visitor
FROM visitor_days
WHERE shop = {shop:String} AND visitor_days.visitor = {visitor:UInt64}
