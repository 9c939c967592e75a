-- The shops that there are, with the rules that questions about them need.
--
-- Row shape: one row per shop, by name
--   shop             slug
--   name, time_zone, currency  String
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
-- Example
--   SELECT * FROM shop_list
CREATE OR REPLACE VIEW shop_list AS
SELECT shop, name, time_zone, currency, after_sale_days
FROM shops FINAL
WHERE is_removed = 0
ORDER BY name, shop
