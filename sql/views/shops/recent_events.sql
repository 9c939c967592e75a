-- The last events of a shop by their arrival, newest first: for checking an installation.
--
-- How it stays bounded: the key of `event_log` begins with (shop, at), and what arrives last may have happened
-- at any time. The index
-- `by_arrival` holds the least and greatest arrival of each block of 8192 rows, so that only blocks are read
-- that hold something from `since` on; the program asks for a short while first, and for a longer one when
-- that holds fewer than 100. `by_kind` leaves out blocks without the kind that is asked for. Of the rows
-- found only the keys are kept, of the newest 1000: enough for 100 events that came ten times each. Of a
-- whole shop ClickHouse finds these by the same index (use_top_k_dynamic_filtering); a server too old for
-- that reads 9 bytes of each event of the shop. Only the 100 events shown are read whole, by the table's key.
-- An event that came again is one row, that of its first arrival.
-- Parameters
--   shop   slug
--   kind   of the events; empty = any
--   since  DateTime64(3, 'UTC'), arrivals before are left out
-- Row shape: at most 100 rows, one per event; the columns of `event_log`, amounts as texts with 4 decimals.
-- Example
--   SELECT * FROM recent_events(shop = 'demo', kind = '', since = '2026-11-22 07:50:00.000')
CREATE OR REPLACE VIEW recent_events AS
WITH newest AS
(
    SELECT argMin(at, (received_at, at)) AS first_at, id
    FROM
    (
        SELECT at, id, received_at
        FROM event_log
        WHERE shop = {shop:String} AND received_at >= {since:DateTime64(3, 'UTC')}
          AND ({kind:String} = '' OR kind = {kind:String})
        ORDER BY received_at DESC, at DESC, id DESC
        LIMIT 1000
    )
    GROUP BY id
    ORDER BY min(received_at) DESC, first_at DESC, UUIDToNum(id) DESC
    LIMIT 100
)
SELECT
    at, id, kind, received_at, visitor, cookieless, verified, bot, url, referrer, title, order_id, payment_id, refund_id,
    toDecimalString(amount, 4) AS amount, currency, as_of, via, only_names,
-- part: stored_items
    conversation, by, agent, channel, topic, score, engaged_ms, variant, product
FROM event_log FINAL
WHERE shop = {shop:String} AND (at, id) IN (SELECT first_at, id FROM newest)
ORDER BY received_at DESC, at DESC, UUIDToNum(id) DESC, rank DESC
LIMIT 1 BY id
