-- Takes a piece of the queue's visitors to work on, with all whose days depend on the orders to work on:
-- their visitors, now and before, who named their customers or those of their visitors, and the nobodies who
-- stood for unattributed ones; and with all who wrote in the conversations to work on.
--
-- Parameters
--   parts        Array(String), parts of the queue
--   first, last  UInt64, slots, both included
INSERT INTO ledger_visitors
WITH
    tellers AS
    (
        SELECT shop, visitor FROM order_events WHERE (shop, order_id) IN ledger_orders AND kind = 'order' AND visitor != 0
        UNION DISTINCT
        SELECT shop, visitor FROM order_facts WHERE (shop, order_id) IN ledger_orders AND visitor != 0
    )
SELECT DISTINCT shop, visitor
FROM
(
    SELECT shop, visitor
    FROM ledger_changes
    WHERE _part IN {parts:Array(String)} AND slot BETWEEN {first:UInt64} AND {last:UInt64}
    UNION ALL
    SELECT shop, visitor FROM tellers
    UNION ALL
    SELECT shop, visitor FROM conversation_events WHERE (shop, conversation) IN ledger_conversations
    UNION ALL
    SELECT shop, visitor
    FROM relations
    WHERE order_id = '' AND (shop, name) IN
    (
        SELECT shop, sipHash64('customer', customer) FROM order_events WHERE (shop, order_id) IN ledger_orders AND customer != ''
        UNION DISTINCT
        SELECT shop, sipHash64('customer', customer) FROM order_facts WHERE (shop, order_id) IN ledger_orders AND customer != ''
        UNION DISTINCT
        SELECT shop, relations.visitor FROM relations WHERE order_id = '' AND (shop, name) IN tellers
    )
    UNION ALL
    -- An order that somebody placed when it was last found has no day of a nobody's.
    SELECT shop, sipHash64('order', order_id) FROM order_facts WHERE (shop, order_id) IN ledger_orders AND order_facts.visitor = 0
)
WHERE visitor != 0
