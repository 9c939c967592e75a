-- The shops as they were last written down.
--
-- Row shape: one row per shop: shop, name, time_zone, currency String, after_sale_days UInt16, is_removed
-- UInt8
SELECT toString(shop) AS shop, name, toString(time_zone) AS time_zone, toString(currency) AS currency, after_sale_days, is_removed
FROM shops FINAL
ORDER BY shop
