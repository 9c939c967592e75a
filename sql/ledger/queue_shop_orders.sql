-- Queues every order of a shop.
--
-- Parameters
--   shop  slug
INSERT INTO ledger_changes
SELECT DISTINCT shop, sipHash64('order', order_id) AS slot, 0 AS visitor, order_id, 0 AS conversation
FROM order_events
WHERE shop = {shop:String}
