-- Queues whoever has named some customers: whose orders count for them changed.
--
-- Parameters
--   shop     slug
--   persons  Array(UInt64), as in `order_facts`
INSERT INTO ledger_changes
SELECT DISTINCT shop, relations.visitor AS slot, relations.visitor, '' AS order_id, 0 AS conversation
FROM relations
WHERE shop = {shop:String} AND name IN {persons:Array(UInt64)} AND order_id = '' AND relations.visitor != 0
