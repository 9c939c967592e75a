-- Queues every visitor of a shop.
--
-- Parameters
--   shop  slug
INSERT INTO ledger_changes
SELECT DISTINCT shop, visitor AS slot, visitor, '' AS order_id
FROM visitor_days
WHERE shop = {shop:String}
