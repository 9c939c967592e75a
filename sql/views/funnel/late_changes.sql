-- When an event last arrived that came after its day had ended, for the days of a window.
--
-- Parameters
--   shop      slug
--   from, to  Date, first and last day of the window, both included, days of the shop
-- Row shape: exactly one row; `received_at` Nullable(DateTime64(3, 'UTC')), NULL when no event of these days
-- came late
-- Example
--   SELECT * FROM late_changes(shop = 'demo', from = '2026-11-01', to = '2026-11-30')
CREATE OR REPLACE VIEW late_changes AS
SELECT maxOrNull(late_arrivals.received_at) AS received_at
FROM late_arrivals
WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
