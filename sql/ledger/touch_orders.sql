-- Takes a piece of the queue's orders to work on, with those that tell of the same payments and refunds.
--
-- Parameters
--   parts           Array(String), parts of the queue
--   first, last     UInt64, slots, both included
INSERT INTO ledger_orders
WITH changed AS
(
    SELECT DISTINCT shop, order_id
    FROM ledger_changes
    WHERE _part IN {parts:Array(String)} AND slot BETWEEN {first:UInt64} AND {last:UInt64} AND order_id != ''
)
SELECT shop, order_id FROM changed
UNION DISTINCT
SELECT shop, order_id
FROM relations
WHERE order_id != '' AND (shop, name) IN
(
    SELECT shop, if(kind = 'payment', sipHash64('payment', payment_id), sipHash64('refund', refund_id))
    FROM order_events
    WHERE (shop, order_id) IN changed AND (payment_id != '' OR refund_id != '')
)
