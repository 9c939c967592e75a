-- What the upkeep found before of the orders to work on.
--
-- Row shape: one row per order, the columns of `order_facts`
--   nobody  UInt64, the visitor who stands for the order while it has none
SELECT
    shop, order_id, sipHash64('order', order_id) AS nobody, is_placed,
    toUnixTimestamp64Milli(placed_at) AS placed_at_ms, toUInt16(placed_day) AS placed_day,
    visitor, is_cookieless, customer, person,
    arrayMap(p -> (toUnixTimestamp64Milli(p.at), toUInt16(p.day), p.amount, p.currency), payments) AS payments,
    arrayMap(m -> (m.currency, m.ordered, m.paid, m.refunded, m.is_order, m.is_paid, m.is_refunded), money) AS money,
    arrayMap(m -> (m.unverified, m.cost, m.profit, m.is_costed, m.is_uncosted), more_money) AS more_money,
    arrayMap(i -> (i.product, i.name, i.variant, i.quantity, i.amount, i.cost), items) AS items,
    cost, shipping, tax, discount,
    toUnixTimestamp64Milli(changed_at) AS changed_at_ms
FROM order_facts FINAL
WHERE (shop, order_id) IN ledger_orders
-- Sound here: the key alone decides what is read, so every version of a row is.
SETTINGS optimize_move_to_prewhere_if_final = 1
