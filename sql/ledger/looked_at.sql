-- The visitors to work on, those who stand for orders included.
--
-- Row shape: one row per shop: shop String, visitors Array(UInt64)
--   orders  UInt64, how many orders there are to work on, of all shops
SELECT shop, groupUniqArray(visitor) AS visitors, assumeNotNull((SELECT count() FROM ledger_orders)) AS orders
FROM ledger_visitors
GROUP BY shop
