-- The visitors to work on, those who stood for orders included.
--
-- Row shape: one row per shop: shop String, visitors Array(UInt64)
SELECT shop, groupUniqArray(visitor) AS visitors
FROM ledger_visitors
GROUP BY shop
