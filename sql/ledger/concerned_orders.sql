-- The orders that the days of the visitors to work on depend on: those that they placed, and those of the
-- customers whom they named, by whomever they were placed.
--
-- Row shape: as of `known_orders`
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
WHERE (shop, order_id) IN
(
    WITH
        named AS
        (
            SELECT shop, relations.visitor AS customer
            FROM relations
            WHERE order_id = '' AND relations.visitor != 0 AND (shop, name) IN (SELECT shop, visitor FROM ledger_visitors)
        )
    SELECT shop, order_id
    FROM relations
    WHERE order_id != '' AND (shop, name) IN
    (
        SELECT shop, visitor FROM ledger_visitors
        UNION DISTINCT
        SELECT shop, customer FROM named
        UNION DISTINCT
        SELECT shop, relations.visitor
        FROM relations
        WHERE order_id = '' AND relations.visitor != 0 AND (shop, name) IN named
    )
)
-- Sound here: the key alone decides what is read, so every version of a row is.
SETTINGS optimize_move_to_prewhere_if_final = 1
