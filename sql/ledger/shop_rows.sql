-- Everything that the ledger holds of a shop.
--
-- Parameters
--   shop  slug
-- Row shape: one row per row
SELECT shop, dimension, toUInt16(day_ledger.day) AS day, value, toInt8(set) AS set, currency, toUInt16(day_ledger.start) AS start,
    toUInt16(day_ledger.after) AS after, counted, amount
FROM day_ledger FINAL
WHERE shop = {shop:String} AND (counted != 0 OR amount != 0)
