-- The orders that one visitor placed, as the upkeep of the ledger found it out.
--
-- Parameters
--   shop     slug
--   visitor  id as it was sent, or as it was made for a cookieless one
-- Row shape: one row per order: order_id.
SELECT order_id
FROM order_facts FINAL
WHERE shop = {shop:String} AND is_placed AND order_facts.visitor = sipHash64({visitor:String})
  AND order_id IN
  (
      SELECT order_id
      FROM relations
      WHERE shop = {shop:String} AND name = sipHash64({visitor:String}) AND order_id != ''
  )
