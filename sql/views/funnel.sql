-- The shop funnel of a window, or of each bucket of it, with its money: every count and rate of METRICS section 2, and the sums
-- that section 4 is made of.
--
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   today            Date, the shop's day of `now`
--   now              DateTime64(3, 'UTC'), decides who is still `open`
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   currency         ISO 4217 code of amounts that name none: the shop's
--   interval         String, 'day', 'week' or 'month' for one row per bucket, '' for one row
-- Row shape: one row per bucket that has a visitor or an order
--   bucket      Date, first day of the bucket, not before `from`
--   value       Nullable(String), always NULL
--   counts UInt64, rates Nullable(Float64), NULL where the base is 0
--   money       Array(Tuple(…)), one per currency: orders, amounts by branch, and payers who paid in it
--   changed_at  arrival of the last event that came for these orders after their day, NULL when none did
-- Example
--   SELECT * FROM funnel(shop = 'demo', from = '2026-11-01', to = '2026-11-30', today = '2026-11-22',
--                        now = '2026-11-22 08:00:00.000', after_sale_days = 21, currency = 'CNY', interval = '')
CREATE OR REPLACE VIEW funnel AS
WITH
    persons AS
    (
        SELECT
            '' AS value,
-- part: person
        FROM
        (
-- part: day_facts
        ) AS facts
        GROUP BY bucket, value, visitor
    ),
-- part: counts
