-- What each visitor did on each of their days of a window (METRICS section 2).
--
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   today            Date, the shop's day of `now`
--   now              DateTime64(3, 'UTC'), decides whose one page may become two
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   currency         ISO 4217 code of amounts that name none: the shop's
-- Row shape: one row per visitor and day of the window on which they were present, and one of visitor 0, who is nobody,
-- per day with unattributed orders
--   visitor, day
--   is_effective, may_return, inquired, is_pre_sale, is_cookieless, is_ordered, is_paid  what holds of that day
--   money       Array(Tuple(order_id, day, currency, ordered, paid, refunded, is_order, is_paid)) of the orders placed that day
--   changed_at  arrival of the last event that came for these orders after their day, NULL when none did
WITH
    days AS
    (
        SELECT
            visitor,
            day,
            groupBitOr(kinds) AS kinds,
            min(view_min) AS view_min,
            max(view_max) AS view_max,
            max(viewed_at) AS viewed_at,
            min(asked_at) AS asked_at,
            min(ordered_at) AS ordered_at,
            max(is_paid) AS is_paid,
            groupUniqArrayArray(money) AS money,
            max(changed_at) AS changed_at
        FROM
        (
            SELECT
                visitor, day, kinds, view_min, view_max, viewed_at, asked_at,
                NULL::Nullable(DateTime64(3, 'UTC')) AS ordered_at,
                false AS is_paid,
                []::Array(Tuple(order_id String, day Date, currency String, ordered Decimal(38, 4), paid Decimal(38, 4), refunded Decimal(38, 4), is_order Bool, is_paid Bool)) AS money,
                NULL::Nullable(DateTime64(3, 'UTC')) AS changed_at
            FROM visitor_days
            WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
            UNION ALL
            SELECT
                visitor, placed_day, if(is_cookieless, 32, 0)::UInt16, 18446744073709551615, 0, toDateTime64(0, 3, 'UTC'), NULL,
                placed_at, notEmpty(payments), money, changed_at
            FROM
            (
-- part: order_facts
            )
            -- Order days before the window are kept because they make an inquiry after-sale.
            WHERE is_placed AND placed_day BETWEEN {from:Date} - {after_sale_days:UInt16} AND {to:Date}
        )
        GROUP BY visitor, day
    ),
    lives AS
    (
        SELECT
            *,
            ordered_at IS NOT NULL AS is_ordered,
            max(if(is_ordered, day, NULL)) OVER (PARTITION BY visitor ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ordered_before
        FROM days
    )
SELECT
    visitor,
    day,
    bitAnd(kinds, 28) != 0 OR view_min < view_max OR is_ordered AS is_effective,
    day = {today:Date} AND view_min = view_max AND bitAnd(kinds, 2) = 0
        AND viewed_at > {now:DateTime64(3, 'UTC')} - INTERVAL 30 MINUTE AS may_return,
    bitAnd(kinds, 4) != 0 AS inquired,
    -- The same millisecond counts as asking first.
    asked_at IS NOT NULL AND (NOT is_ordered OR asked_at <= ordered_at)
        AND (ordered_before IS NULL OR ordered_before < day - {after_sale_days:UInt16}) AS is_pre_sale,
    bitAnd(kinds, 32) != 0 AS is_cookieless,
    is_ordered,
    is_paid,
    money,
    changed_at
FROM lives
WHERE day >= {from:Date} AND (bitAnd(kinds, 31) != 0 OR is_ordered)
