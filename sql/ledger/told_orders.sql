-- Everything told of the orders to work on, and of those that tell of the same payments and refunds.
--
-- Row shape: one row per telling, the columns of `order_events`, ordered by shop
--   nobody     UInt64, the visitor who stands for the order while it has none
--   is_wanted  Bool, of an order to work on
SELECT
    shop, order_id, kind, toUnixTimestamp64Milli(at) AS at_ms, id, batch, toUInt16(day) AS day,
    visitor, cookieless, only_names, customer, payment_id, refund_id, amount, currency,
    toUnixTimestamp64Milli(ifNull(as_of, at)) AS as_of_ms, via = 'provider' AS is_of_provider,
    arrayZip(items.product, items.name, items.variant, items.quantity, items.amount, items.cost) AS items,
    cost, shipping, tax, discount,
    verified, toUnixTimestamp64Milli(received_at) AS received_at_ms, toUInt16(received_day) AS received_day,
    sipHash64('order', order_id) AS nobody,
    (shop, order_id) IN ledger_orders AS is_wanted
FROM order_events
WHERE (shop, order_id) IN
(
    SELECT shop, order_id FROM ledger_orders
    UNION DISTINCT
    SELECT shop, order_id
    FROM relations
    WHERE order_id != '' AND (shop, name) IN
    (
        SELECT shop, if(kind = 'payment', sipHash64('payment', payment_id), sipHash64('refund', refund_id))
        FROM order_events
        WHERE (shop, order_id) IN ledger_orders AND (payment_id != '' OR refund_id != '')
    )
)
ORDER BY shop
