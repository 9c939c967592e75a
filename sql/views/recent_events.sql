-- The last events of a shop by their arrival, newest first: for checking an installation.
--
-- How it stays bounded: the key of `events` begins with (shop, at), and what arrives last may have happened at any time. The index
-- `by_arrival` holds the least and greatest arrival of each 8192 rows, so that only those are read whose arrivals are among
-- the newest; `by_kind` leaves out those without the kind that is asked for. Of the rows found only their keys are
-- kept, and no more than 1000 of them: this many are enough for 100 events sent ten times each, and it is what
-- ClickHouse searches by an index at most (query_plan_max_limit_for_top_k_optimization). Only the 100 events shown
-- are read whole, by the table's key. A server without that search reads 9 bytes of each event of the shop instead.
-- An event that came again is one row, at its last arrival.
-- Parameters
--   shop  slug
--   kind  of the events; empty = any
-- Row shape: at most 100 rows, one per event; the columns of `events`, amount as a text with 4 decimals.
-- Example
--   SELECT * FROM recent_events(shop = 'demo', kind = '')
CREATE OR REPLACE VIEW recent_events AS
WITH newest AS
(
    SELECT argMax(at, (received_at, at)) AS last_at, id
    FROM
    (
        SELECT at, id, received_at
        FROM events
        WHERE shop = {shop:String} AND ({kind:String} = '' OR kind = {kind:String})
        ORDER BY received_at DESC, at DESC, id DESC
        LIMIT 1000
    )
    GROUP BY id
    ORDER BY max(received_at) DESC, last_at DESC, UUIDToNum(id) DESC
    LIMIT 100
)
SELECT
    at, id, kind, received_at, visitor, cookieless, verified, bot, url, referrer, title, order_id, payment_id, refund_id,
    toDecimalString(amount, 4) AS amount, currency, agent, channel, topic, score, engaged_ms, variant, product
FROM events FINAL
WHERE shop = {shop:String} AND (at, id) IN (SELECT last_at, id FROM newest)
ORDER BY received_at DESC, at DESC, UUIDToNum(id) DESC
