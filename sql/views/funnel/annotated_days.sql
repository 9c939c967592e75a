-- What was written about days of a window.
--
-- Parameters
--   shop      slug
--   from, to  Date, the first and the last day
-- Row shape: one row per annotation: id UUID, day Date, text String; by day, then by text.
-- Example
--   SELECT * FROM annotated_days(shop = 'demo', from = '2026-11-01', to = '2026-11-30')
CREATE OR REPLACE VIEW annotated_days AS
SELECT id, day, text
FROM annotations FINAL
WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
ORDER BY day, text, id
