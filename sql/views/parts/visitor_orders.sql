-- The orders that one visitor placed: of each order the visitor of its earliest event that names one (METRICS
-- section 1).
--
-- Parameters
--   shop     slug
--   visitor  id as it was sent, or as it was made for a cookieless one
-- Row shape: one row per order: order_id.
SELECT order_id
FROM orders
WHERE shop = {shop:String} AND kind = 'order'
  AND order_id IN
  (
      SELECT order_id
      FROM events
      WHERE shop = {shop:String} AND visitor = {visitor:String} AND kind = 'order'
  )
GROUP BY order_id
HAVING argMinIf(orders.visitor, (at, UUIDToNum(id)), orders.visitor != 0) = sipHash64({visitor:String})
