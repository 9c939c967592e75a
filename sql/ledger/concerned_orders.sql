-- The orders that the days of the visitors to work on depend on: those that they placed, and those of
-- customers whom they named.
--
-- Parameters
--   with_customers  UInt8, whether they named any: where they did not, their days need not be read for it
--                   once more
-- Row shape: as of `known_orders`
SELECT
    shop, order_id, sipHash64('order', order_id) AS nobody, is_placed, toUnixTimestamp64Milli(placed_at) AS placed_at_ms, toUInt16(placed_day) AS placed_day, visitor, is_cookieless, customer,
    arrayMap(p -> (toUnixTimestamp64Milli(p.at), toUInt16(p.day), p.amount, p.currency), payments) AS payments,
    arrayMap(m -> (m.currency, m.ordered, m.paid, m.refunded, m.is_order, m.is_paid, m.is_refunded), money) AS money,
    toUnixTimestamp64Milli(changed_at) AS changed_at_ms
FROM order_facts FINAL
WHERE (shop, order_id) IN
(
    SELECT shop, order_id
    FROM links
    WHERE order_id != '' AND (shop, name) IN
    (
        SELECT shop, visitor FROM ledger_visitors
        UNION DISTINCT
        SELECT shop, sipHash64('customer', arrayJoin(customers))
        FROM visitor_days
        WHERE {with_customers:UInt8} = 1 AND visitor IN (SELECT visitor FROM ledger_visitors) AND (shop, visitor) IN ledger_visitors AND notEmpty(customers)
    )
)
-- Sound here: the key alone decides what is read, so every version of a row is.
SETTINGS optimize_move_to_prewhere_if_final = 1
