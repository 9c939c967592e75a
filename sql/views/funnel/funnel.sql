-- The shop funnel of a window, or of each bucket of it, with its money: every count and rate of METRICS
-- section 2, and the sums that section 4 is made of. Also of each group of a break-down, and of the days that
-- pass filters.
--
-- What one value of the ledger can tell is added up there, in no time; the rest is counted over visitors'
-- days. Either part answers, the other reads nothing.
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   today            Date, the shop's day of `now`
--   now              DateTime64(3, 'UTC'), decides who is still `open`
--   interval         String, 'day', 'week' or 'month' for one row per bucket, '' for one row
--   breakdown        String, the dimension to group by, '' for none
--   filter_dimensions, filter_values  Array(String), Array(Array(String)): of each such dimension a day must
--                                     carry one of the
--                    values; an empty value is "unknown"
-- Row shape: one row per bucket and value that has a visitor, an order or, without break-down and filters, a
-- payment
--   bucket      Date, first day of the bucket, not before `from`
--   value       Nullable(String), NULL for unknown and without a break-down
--   counts UInt64, rates Nullable(Float64), NULL where the base is 0
--   money       Array(Tuple(…)), one per currency and branch (0 unattributed, 1 inquiry, 2 silent)
--   payers_in   Array(Tuple(…)), one per currency: payers who paid in it
--   cash        Array(Tuple(…)), one per currency: payments by their own day, and those whose order has not
--               been seen; empty
--               with a break-down or filters
-- Example
--   SELECT * FROM funnel(shop = 'demo', from = '2026-11-01', to = '2026-11-30', today = '2026-11-22',
--                        now = '2026-11-22 08:00:00.000', interval = '',
--                        breakdown = 'landing', filter_dimensions = ['source'], filter_values = [['baidu', 'google']])
CREATE OR REPLACE VIEW funnel AS
SELECT * FROM
(
-- part: funnel_of_ledger
)
UNION ALL
SELECT * FROM
(
-- part: funnel_of_days
)
