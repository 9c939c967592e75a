-- Takes a piece of the queue's visitors to work on, with all whose days depend on the orders to work on:
-- their visitors, now and before, who named their customers, and the nobodies who stand for unattributed
-- ones.
--
-- Parameters
--   parts        Array(String), parts of the queue
--   first, last  UInt64, slots, both included
INSERT INTO ledger_visitors
SELECT DISTINCT shop, visitor
FROM
(
    SELECT shop, visitor
    FROM ledger_changes
    WHERE _part IN {parts:Array(String)} AND slot BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM orders WHERE (shop, order_id) IN ledger_orders AND kind = 'order'
    UNION ALL
    SELECT shop, visitor FROM order_facts WHERE (shop, order_id) IN ledger_orders
    UNION ALL
    SELECT shop, visitor
    FROM links
    WHERE (shop, name) IN
    (
        SELECT shop, sipHash64('customer', customer) FROM orders WHERE (shop, order_id) IN ledger_orders AND customer != ''
        UNION DISTINCT
        SELECT shop, sipHash64('customer', customer) FROM order_facts WHERE (shop, order_id) IN ledger_orders AND customer != ''
    )
    UNION ALL
    SELECT shop, sipHash64('order', order_id) FROM ledger_orders
)
WHERE visitor != 0
