-- How many visitors and orders a shop has, about.
--
-- Parameters
--   shop  slug
-- Row shape: exactly one row: slots UInt64
SELECT sum(many) AS slots
FROM
(
    SELECT uniq(visitor) AS many FROM visitor_activity WHERE shop = {shop:String}
    UNION ALL
    SELECT uniq(order_id) FROM order_events WHERE shop = {shop:String}
)
