-- The shop funnel of each group of a window, or of the days that pass filters: as `funnel`, over the visitors' days that carry the
-- value (METRICS section 2, "Groups").
--
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   today            Date, the shop's day of `now`
--   now              DateTime64(3, 'UTC'), decides who is still `open`
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   final_days       UInt16, days for which an inquiry's agent and channel are carried
--   currency         ISO 4217 code of amounts that name none: the shop's
--   interval         String, 'day', 'week' or 'month' for one row per bucket, '' for one row
--   breakdown        String, the dimension to group by, '' for none
--   filter_dimensions, filter_values  Array(String), Array(Array(String)): of each such dimension a day must carry one of the values
-- Row shape: one row per bucket and value that has a visitor or an order
--   bucket      Date, first day of the bucket, not before `from`
--   value       Nullable(String), NULL for unknown and without a break-down
--   counts UInt64, rates Nullable(Float64), NULL where the base is 0
--   money       Array(Tuple(…)), one per currency: orders, amounts by branch, and payers who paid in it
--   changed_at  arrival of the last event that came for these orders after their day, NULL when none did
-- Example
--   SELECT * FROM funnel_by(shop = 'demo', from = '2026-11-01', to = '2026-11-30', today = '2026-11-22',
--                           now = '2026-11-22 08:00:00.000', after_sale_days = 21, final_days = 3, currency = 'CNY', interval = '',
--                           breakdown = 'landing', filter_dimensions = ['source'], filter_values = [['baidu', 'google']])
CREATE OR REPLACE VIEW funnel_by AS
WITH
    persons AS
    (
        SELECT
            arrayJoin(values) AS value,
-- part: person
        FROM
        (
-- part: day_values
        ) AS facts
        GROUP BY bucket, value, visitor
    ),
-- part: counts
