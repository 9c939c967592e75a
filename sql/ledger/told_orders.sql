-- Everything told of the orders to work on, and of those that tell of the same payments and refunds.
--
-- Row shape: one row per telling, the columns of `orders`, ordered by shop
--   nobody     UInt64, the visitor who stands for the order while it has none
--   is_wanted  Bool, of an order to work on
SELECT
    shop, order_id, kind, toUnixTimestamp64Milli(at) AS at_ms, id, toUInt16(day) AS day, visitor, cookieless, customer, payment_id, refund_id,
    amount, currency, verified, toUnixTimestamp64Milli(received_at) AS received_at_ms, toUInt16(received_day) AS received_day,
    sipHash64('order', order_id) AS nobody,
    (shop, order_id) IN ledger_orders AS is_wanted
FROM orders
WHERE (shop, order_id) IN
(
    SELECT shop, order_id FROM ledger_orders
    UNION DISTINCT
    SELECT shop, order_id
    FROM links
    WHERE order_id != '' AND (shop, name) IN
    (
        SELECT shop, if(kind = 'payment', sipHash64('payment', payment_id), sipHash64('refund', refund_id))
        FROM orders
        WHERE (shop, order_id) IN ledger_orders AND (payment_id != '' OR refund_id != '')
    )
)
ORDER BY shop
