-- One page of what a visitor did, in time order: every event that names them, and the payments and refunds of
-- their orders that name nobody.
--
-- How it stays bounded: the index `by_visitor` finds the visitor's rows among those of the shop, the key of
-- `order_events` the payments. Only keys are put in order; the events of the page are read whole, by the table's
-- key. An event that came again is one row, at its earliest time.
-- Parameters
--   shop      slug
--   visitor   id as it was sent, or as it was made for a cookieless one
--   after_at  DateTime64(3, 'UTC'), after_id UUID: the last event of the page before; 1970-01-01 and zeros
--             for the first
--   limit     UInt32, rows of the page
-- Row shape: one row per event, as in `recent_events`; ties of `at` are broken by the id's bytes.
-- Example
--   SELECT * FROM visitor_path(shop = 'demo', visitor = 'v-1', after_at = '1970-01-01 00:00:00.000',
--                              after_id = '00000000-0000-0000-0000-000000000000', limit = 100)
CREATE OR REPLACE VIEW visitor_path AS
WITH page AS
(
    SELECT min(at) AS first_at, id
    FROM
    (
        SELECT at, id
        FROM event_log
        WHERE shop = {shop:String} AND visitor = {visitor:String}
        UNION ALL
        SELECT at, id
        FROM order_events
        WHERE shop = {shop:String} AND kind IN ('payment', 'refund') AND order_events.visitor = 0
          AND order_id IN
          (
-- part: visitor_orders
          )
    )
    GROUP BY id
    HAVING (first_at, UUIDToNum(id)) > ({after_at:DateTime64(3, 'UTC')}, UUIDToNum({after_id:UUID}))
    ORDER BY first_at, UUIDToNum(id)
    LIMIT {limit:UInt32}
)
SELECT
    at, id, kind, received_at, visitor, cookieless, verified, bot, url, referrer, title, order_id, payment_id, refund_id,
    toDecimalString(amount, 4) AS amount, currency, as_of, via, only_names,
-- part: stored_items
    conversation, by, agent, channel, topic, score, engaged_ms, variant, product
FROM event_log FINAL
WHERE shop = {shop:String} AND (at, id) IN (SELECT first_at, id FROM page)
ORDER BY at, UUIDToNum(id), rank DESC
LIMIT 1 BY id
