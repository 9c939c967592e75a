-- Queues every conversation of a shop.
--
-- Parameters
--   shop  slug
INSERT INTO ledger_changes
SELECT DISTINCT shop, conversation AS slot, 0 AS visitor, '' AS order_id, conversation
FROM conversation_events
WHERE shop = {shop:String}
