-- What the tables hold of one visitor that arrived up to a time: before a visitor is forgotten, and to see
-- that it is done.
--
-- `visitor_activity` and `order_events` do not know when something arrived: their rows count unless an event that
-- arrived later accounts for them.
-- Parameters
--   shop     slug
--   visitor  id as it was sent, or as it was made for a cookieless one
--   until    DateTime64(3, 'UTC'), later arrivals are left out
-- Row shape: exactly one row.
--   hash             UInt64, the visitor in `order_events` and `visitor_activity`
--   events           UInt64, distinct events but those of orders
--   order_events     UInt64, distinct orders, payments and refunds
--   days             UInt64, days in `visitor_activity`
--   order_rows       UInt64, distinct rows of `order_events`
--   conversation_rows  UInt64, distinct rows of `conversation_events`
--   last_arrival_ms  Int64, epoch milliseconds; 0 when there is none
-- Example
--   SELECT * FROM visitor_traces(shop = 'demo', visitor = 'v-1', until = '2026-11-22 08:00:00.000')
CREATE OR REPLACE VIEW visitor_traces AS
SELECT
    sipHash64({visitor:String}) AS hash,
    countIf(NOT of_order) AS events,
    countIf(of_order) AS order_events,
    (
        SELECT count()
        FROM
        (
            SELECT DISTINCT day
            FROM visitor_activity
            WHERE shop = {shop:String} AND visitor_activity.visitor = sipHash64({visitor:String})
              AND day NOT IN
              (
                  SELECT day
                  FROM event_log
                  WHERE shop = {shop:String} AND visitor = {visitor:String} AND received_at > {until:DateTime64(3, 'UTC')}
              )
        )
    ) AS days,
    (
        SELECT count()
        FROM
        (
            SELECT DISTINCT at, id
            FROM order_events
            WHERE shop = {shop:String} AND order_events.visitor = sipHash64({visitor:String})
              AND (at, id) NOT IN
              (
                  SELECT at, id
                  FROM event_log
                  WHERE shop = {shop:String} AND visitor = {visitor:String} AND received_at > {until:DateTime64(3, 'UTC')}
              )
        )
    ) AS order_rows,
    (
        SELECT count()
        FROM
        (
            SELECT DISTINCT at, id
            FROM conversation_events
            WHERE shop = {shop:String} AND conversation_events.visitor = sipHash64({visitor:String})
              AND (at, id) NOT IN
              (
                  SELECT at, id
                  FROM event_log
                  WHERE shop = {shop:String} AND visitor = {visitor:String} AND received_at > {until:DateTime64(3, 'UTC')}
              )
        )
    ) AS conversation_rows,
    toInt64(toUnixTimestamp64Milli(max(arrived_at))) AS last_arrival_ms
FROM
(
    SELECT id, max(kind IN ('order', 'payment', 'refund')) AS of_order, max(received_at) AS arrived_at
    FROM event_log
    WHERE shop = {shop:String} AND visitor = {visitor:String} AND received_at <= {until:DateTime64(3, 'UTC')}
    GROUP BY id
)
