-- The values of each dimension that the ledger has of some shops.
--
-- Parameters
--   shops  Array(String), slugs
-- Row shape: one row per shop, dimension and value
SELECT DISTINCT shop, dimension, value
FROM day_ledger
WHERE shop IN {shops:Array(String)} AND dimension != ''
