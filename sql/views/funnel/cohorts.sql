-- What became of the inquirers of each day of a window, and of all of them (METRICS section 3).
-- The ledger has each cohort on its day, so it is the same in every window that holds the day.
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
-- Row shape: one row per day that has inquirers, and one of the whole window
--   day          Nullable(Date), NULL for the whole window, whose counts are the sums of the days
--   inquirers    UInt64, visitors with a pre-sale inquiry that day
--   buyers_d0, buyers_final  UInt64, those among them with an order placed after their first such inquiry,
--                            on that day or by
--                the last day for which a cohort is watched
--   payers_d0, payers_d1, payers_final  UInt64, those with one of the latter orders paid on that day, by the
--     next, or by
--                the last day for which a cohort is watched
--   order_d0, order_final, paid_d0, paid_d1, paid_final  Nullable(Float64), their shares of the inquirers
-- Example
--   SELECT * FROM cohorts(shop = 'demo', from = '2026-11-01', to = '2026-11-30')
CREATE OR REPLACE VIEW cohorts AS
SELECT
    if(grouping(cohort_day) = 0, cohort_day, NULL) AS day,
    toUInt64(sumIf(counted, what = 'asked')) AS inquirers,
    toUInt64(sumIf(counted, what = 'buyers_d0')) AS buyers_d0,
    toUInt64(sumIf(counted, what = 'buyers_final')) AS buyers_final,
    toUInt64(sumIf(counted, what = 'payers_d0')) AS payers_d0,
    toUInt64(sumIf(counted, what = 'payers_d1')) AS payers_d1,
    toUInt64(sumIf(counted, what = 'payers_final')) AS payers_final,
-- list: cohort_rate
    $part / nullIf($base, 0) AS $id
FROM
(
    SELECT day_ledger.day AS cohort_day, day_ledger.set AS what, counted
    FROM day_ledger FINAL
    WHERE shop = {shop:String} AND dimension = '' AND day BETWEEN {from:Date} AND {to:Date} AND (set = 'asked' OR set >= 'buyers_d0')
)
GROUP BY GROUPING SETS ((cohort_day), ())
HAVING inquirers > 0
