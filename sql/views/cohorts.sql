-- What became of the inquirers of each day of a window, and of all of them (METRICS section 3).
--
-- A cohort is read with the orders of `after_sale_days` before its day and of `final_days` after it, so that it is the same
-- in every window that holds its day.
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   final_days       UInt16, days after its own for which a cohort is watched
-- Row shape: one row per day that has inquirers, and one of the whole window
--   day          Nullable(Date), NULL for the whole window, whose counts are the sums of the days
--   inquirers    UInt64, visitors with a pre-sale inquiry that day
--   buyers_d0, buyers_final  UInt64, those among them with an order placed after their first such inquiry, on that day or by
--                `final_days` later
--   payers_d0, payers_d1, payers_final  UInt64, those with one of the latter orders paid on that day, by the next, or by
--                `final_days` later
--   order_d0, order_final, paid_d0, paid_d1, paid_final  Nullable(Float64), their shares of the inquirers
-- Example
--   SELECT * FROM cohorts(shop = 'demo', from = '2026-11-01', to = '2026-11-30', after_sale_days = 21, final_days = 3)
CREATE OR REPLACE VIEW cohorts AS
WITH
    placed AS
    (
        SELECT
            visitor,
            groupUniqArray((
                placed_at,
                placed_day,
                -- Never paid is paid on no day that there is.
                if(empty(payments), toDate('2149-06-06'), arrayMin(payments.day)))) AS orders
        FROM order_facts FINAL
        WHERE shop = {shop:String} AND is_placed AND visitor != 0
            AND placed_day BETWEEN {from:Date} - {after_sale_days:UInt16} AND {to:Date} + {final_days:UInt16}
        GROUP BY visitor
    ),
    asked AS
    (
        SELECT visitor, day, min(visitor_days.asked_at) AS first_asked_at
        FROM visitor_days
        WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
        GROUP BY visitor, day
        HAVING first_asked_at IS NOT NULL
    ),
    cohort AS
    (
        SELECT
            asked.day AS asked_day,
            arrayFilter(
                o -> o.1 >= first_asked_at AND o.2 <= day + {final_days:UInt16},
                placed.orders) AS after,
            arrayExists(o -> o.2 = day, after) AS bought_d0,
            notEmpty(after) AS bought_final,
            arrayMin(o -> o.3, after) AS paid_day
        FROM asked
        LEFT JOIN placed ON placed.visitor = asked.visitor
        -- Pre-sale. The same millisecond counts as asking first.
        WHERE NOT arrayExists(
            o -> (o.2 = day AND o.1 < first_asked_at) OR o.2 BETWEEN day - {after_sale_days:UInt16} AND day - 1,
            placed.orders)
    )
SELECT
    if(grouping(asked_day) = 0, asked_day, NULL) AS day,
    count() AS inquirers,
    countIf(bought_d0) AS buyers_d0,
    countIf(bought_final) AS buyers_final,
    countIf(bought_final AND paid_day <= asked_day) AS payers_d0,
    countIf(bought_final AND paid_day <= asked_day + 1) AS payers_d1,
    countIf(bought_final AND paid_day <= asked_day + {final_days:UInt16}) AS payers_final,
    buyers_d0 / nullIf(inquirers, 0) AS order_d0,
    buyers_final / nullIf(inquirers, 0) AS order_final,
    payers_d0 / nullIf(inquirers, 0) AS paid_d0,
    payers_d1 / nullIf(inquirers, 0) AS paid_d1,
    payers_final / nullIf(inquirers, 0) AS paid_final
FROM cohort
GROUP BY GROUPING SETS ((asked_day), ())
