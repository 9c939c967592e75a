-- The shop funnel of one window: every count and rate of METRICS section 2.
--
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   today            Date, the shop's day of `now`
--   now              DateTime64(3, 'UTC'), decides who is still `open`
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
-- Row shape: exactly one row; counts UInt64, rates Nullable(Float64), NULL where the base is 0.
-- Example
--   SELECT * FROM funnel(shop = 'demo', from = '2026-11-01', to = '2026-11-30',
--                        today = '2026-11-22', now = '2026-11-22 08:00:00.000', after_sale_days = 21)
CREATE OR REPLACE VIEW funnel AS
WITH
    -- Ties of `at` are broken by the id's bytes; a UUID by itself is ordered by its second half first.
    -- A payment is one per payment id, whatever order it names last; without an id, one per order.
    paid_orders AS
    (
        SELECT argMax(order_id, (at, UUIDToNum(id)))
        FROM orders
        WHERE shop = {shop:String} AND kind = 'payment'
        GROUP BY if(payment_id = '', ('order', order_id), ('payment', payment_id))
    ),
    placed_orders AS
    (
        SELECT
            order_id,
            min(at) AS placed_at,
            min(day) AS placed_day,
            argMinIf(visitor, (at, UUIDToNum(id)), visitor != 0) AS buyer,
            argMinIf(cookieless, (at, UUIDToNum(id)), visitor != 0) AS buyer_cookieless
        FROM orders
        WHERE shop = {shop:String} AND kind = 'order'
        GROUP BY order_id
        HAVING buyer != 0
           AND placed_day BETWEEN {from:Date} - {after_sale_days:UInt16} AND {to:Date}
    ),
    -- One row per visitor and day: what the stream saw, and what was ordered. Order days before the window
    -- are kept because they make an inquiry after-sale.
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
            max(paid) AS paid
        FROM
        (
            SELECT visitor, day, kinds, view_min, view_max, viewed_at, asked_at,
                   CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS ordered_at, false AS paid
            FROM visitor_days
            WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
            UNION ALL
            SELECT buyer, placed_day, if(buyer_cookieless, 32, 0)::UInt16, 18446744073709551615, 0, toDateTime64(0, 3, 'UTC'), NULL,
                   placed_at, order_id IN (SELECT * FROM paid_orders)
            FROM placed_orders
        )
        GROUP BY visitor, day
    ),
    visitors_seen AS
    (
        SELECT
            visitor,
            max(day >= {from:Date}) AS present,
            max(day >= {from:Date}
                AND (bitAnd(kinds, 28) != 0 OR view_min < view_max OR ordered_at IS NOT NULL)) AS is_effective,
            max(day = {today:Date} AND view_min = view_max AND bitAnd(kinds, 2) = 0
                AND viewed_at > {now:DateTime64(3, 'UTC')} - INTERVAL 30 MINUTE) AS may_return,
            max(bitAnd(kinds, 4) != 0) AS inquired,
            max(bitAnd(kinds, 32) != 0) AS is_cookieless,
            groupArrayIf(day, ordered_at IS NOT NULL) AS order_days,
            -- The same millisecond counts as asking first.
            groupArrayIf(day, asked_at IS NOT NULL AND (ordered_at IS NULL OR asked_at <= ordered_at)) AS asked_days,
            arrayFilter(
                asked -> NOT arrayExists(
                    ordered -> ordered < asked AND ordered >= asked - {after_sale_days:UInt16}, order_days),
                asked_days) AS pre_sale_days,
            arrayFilter(ordered -> ordered >= {from:Date}, order_days) AS window_order_days,
            notEmpty(window_order_days) AS is_buyer,
            notEmpty(pre_sale_days)
                AND (NOT is_buyer OR arrayMin(pre_sale_days) <= arrayMin(window_order_days)) AS is_inquirer,
            max(day >= {from:Date} AND paid) AS is_payer
        FROM days
        GROUP BY visitor
        HAVING present
    ),
    counts AS
    (
        SELECT
            count() AS visitors,
            countIf(is_effective) AS effective,
            countIf(NOT is_effective AND may_return) AS open,
            visitors - effective - open AS bounced,
            countIf(is_inquirer) AS inquirers,
            effective - inquirers AS silent_visitors,
            countIf(is_buyer) AS buyers,
            countIf(is_buyer AND is_inquirer) AS inquiry_buyers,
            buyers - inquiry_buyers AS silent_buyers,
            countIf(is_payer) AS payers,
            countIf(is_payer AND is_inquirer) AS inquiry_payers,
            payers - inquiry_payers AS silent_payers,
            countIf(inquired AND empty(pre_sale_days)) AS after_sale_inquirers,
            countIf(is_cookieless) AS cookieless_visitors
        FROM visitors_seen
    )
SELECT
    visitors,
    bounced,
    effective,
    open,
    inquirers,
    silent_visitors,
    inquiry_buyers,
    silent_buyers,
    buyers,
    inquiry_payers,
    silent_payers,
    payers,
    after_sale_inquirers,
    effective / nullIf(effective + bounced, 0) AS effective_entry_rate,
    bounced / nullIf(effective + bounced, 0) AS bounce_rate,
    inquirers / nullIf(visitors, 0) AS inquiry_rate,
    inquiry_buyers / nullIf(inquirers, 0) AS inquiry_conversion_rate,
    inquiry_payers / nullIf(inquirers, 0) AS inquiry_paid_rate,
    silent_buyers / nullIf(silent_visitors, 0) AS silent_conversion_rate,
    silent_payers / nullIf(silent_visitors, 0) AS silent_paid_rate,
    silent_buyers / nullIf(visitors, 0) AS silent_rate_all_visitors,
    silent_buyers / nullIf(buyers, 0) AS silent_share_of_buyers,
    payers / nullIf(buyers, 0) AS payment_rate,
    payers / nullIf(visitors, 0) AS overall_conversion_rate,
    cookieless_visitors / nullIf(visitors, 0) AS cookieless_share
FROM counts
