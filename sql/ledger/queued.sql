-- Whether anything of a shop is queued.
--
-- Parameters
--   shop  slug
-- Row shape: exactly one row: slots UInt64
SELECT count() AS slots
FROM ledger_changes
WHERE shop = {shop:String}
