-- How long orders took from the visit that began them (METRICS section 5, "cycle").
--
-- An order began with the first visit of its visitor after their order before it, at most 30 days back, and
-- not after the order itself; an order without such a visit is left out. Orders placed at one moment began
-- with the same visit. How it stays bounded: of `event_log` only the months of the window and 30 days before are
-- read, and of these only the visits of visitors whom an order names.
-- Parameters
--   shop      slug
--   from, to  Date, first and last day of the window, both included, days of the shop
-- Row shape: exactly one row, of the orders placed in the window
--   orders       UInt64, with such a visit
--   paid_orders  UInt64, and with a payment
--   order_median, order_mean      Nullable(Float64), days from the visit to the order
--   payment_median, payment_mean  Nullable(Float64), days from the visit to the order's earliest payment
-- Example
--   SELECT * FROM cycles(shop = 'demo', from = '2026-11-01', to = '2026-11-30')
CREATE OR REPLACE VIEW cycles AS
WITH
    86400000 AS day_ms,
    placed AS
    (
        SELECT
            visitor,
            placed_day,
            toUnixTimestamp64Milli(placed_at) AS placed_ms,
            if(empty(payments), NULL, toUnixTimestamp64Milli(arrayMin(payments.at))) AS paid_ms,
            maxOrNull(placed_ms) OVER (PARTITION BY visitor ORDER BY placed_ms RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous_ms
        FROM order_facts FINAL
        WHERE shop = {shop:String} AND is_placed AND visitor != 0
    ),
    ordered AS
    (
        SELECT *, greatest(ifNull(previous_ms + 1, 0), placed_ms - 30 * day_ms) AS earliest_ms
        FROM placed
        WHERE placed_day BETWEEN {from:Date} AND {to:Date}
    ),
    visits AS
    (
        SELECT DISTINCT sipHash64(event_log.visitor) AS visitor, toUnixTimestamp64Milli(at) AS at_ms
        FROM event_log
        WHERE shop = {shop:String} AND kind = 'visit' AND NOT bot AND event_log.visitor != ''
            -- A shop's day begins up to 14 hours before UTC's, and ends up to 12 hours after it.
            AND at >= toDateTime64({from:Date} - 31, 3, 'UTC') AND at < toDateTime64({to:Date} + 2, 3, 'UTC')
            AND sipHash64(event_log.visitor) IN
            (
                SELECT order_events.visitor
                FROM order_events
                WHERE shop = {shop:String} AND kind = 'order' AND day >= {from:Date}
            )
    ),
    begun AS
    (
        SELECT placed_ms - at_ms AS order_ms, paid_ms - at_ms AS payment_ms
        FROM ordered
        ASOF INNER JOIN visits ON visits.visitor = ordered.visitor AND ordered.earliest_ms <= visits.at_ms
        WHERE at_ms <= placed_ms
    )
SELECT
    count() AS orders,
    count(payment_ms) AS paid_orders,
    quantileExactInclusiveOrNull(0.5)(order_ms) / day_ms AS order_median,
    avgOrNull(order_ms) / day_ms AS order_mean,
    quantileExactInclusiveOrNull(0.5)(payment_ms) / day_ms AS payment_median,
    avgOrNull(payment_ms) / day_ms AS payment_mean
FROM begun
