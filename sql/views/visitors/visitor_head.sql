-- What is known of one visitor at a glance.
--
-- Parameters
--   shop     slug
--   visitor  id as it was sent, or as it was made for a cookieless one
-- Row shape: exactly one row.
--   events                 UInt64, distinct events that name the visitor; 0 = nobody knows this id
--   first_seen, last_seen  Nullable(DateTime64(3, 'UTC')), of the events that bring a visitor to the shop,
--                          which a payment,
--                          a refund, a rating and a reply do not; NULL when there are only such
--   orders                 UInt64, orders that the visitor placed
-- Example
--   SELECT * FROM visitor_head(shop = 'demo', visitor = 'v-1')
CREATE OR REPLACE VIEW visitor_head AS
SELECT
    count() AS events,
    minOrNullIf(first_at, brings) AS first_seen,
    maxOrNullIf(first_at, brings) AS last_seen,
    (
        SELECT count()
        FROM
        (
-- part: visitor_orders
        )
    ) AS orders
FROM
(
    SELECT id, min(at) AS first_at, max(kind NOT IN ('payment', 'refund', 'rating', 'reply')) AS brings
    FROM event_log
    WHERE shop = {shop:String} AND visitor = {visitor:String}
    GROUP BY id
)
