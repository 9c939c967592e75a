-- Queues every visitor of a shop.
--
-- Parameters
--   shop  slug
INSERT INTO ledger_changes
SELECT DISTINCT shop, visitor AS slot, visitor, '' AS order_id, 0 AS conversation
FROM visitor_activity
WHERE shop = {shop:String}
