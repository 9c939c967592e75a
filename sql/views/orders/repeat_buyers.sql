-- How many persons paid for orders of a window, how many of them for several, and how many had paid in the
-- year before (METRICS section 5, "repeat").
--
-- Persons are those of METRICS section 5, as `order_facts` has them; an order of nobody known is nobody's.
-- Parameters
--   shop      slug
--   from, to  Date, first and last day of the window, both included, days of the shop
-- Row shape: exactly one row
--   payers             UInt64, persons with a paid order placed in the window
--   repeat_buyers      UInt64, with two or more such orders
--   repeat_buyer_rate  Nullable(Float64), their share
--   old_buyers         UInt64, payers with a payment in the 365 days before the window, for whichever of
--                      their orders
--   old_buyer_share    Nullable(Float64), their share
-- Example
--   SELECT * FROM repeat_buyers(shop = 'demo', from = '2026-11-01', to = '2026-11-30')
CREATE OR REPLACE VIEW repeat_buyers AS
SELECT
    countIf(paid_orders >= 1) AS payers,
    countIf(paid_orders >= 2) AS repeat_buyers,
    repeat_buyers / nullIf(payers, 0) AS repeat_buyer_rate,
    countIf(paid_orders >= 1 AND is_old) AS old_buyers,
    old_buyers / nullIf(payers, 0) AS old_buyer_share
FROM
(
    SELECT
        countIf(placed_day BETWEEN {from:Date} AND {to:Date}) AS paid_orders,
        max(arrayExists(p -> p.day BETWEEN {from:Date} - 365 AND {from:Date} - 1, payments)) AS is_old
    FROM order_facts FINAL
    WHERE shop = {shop:String} AND is_placed AND notEmpty(payments) AND person != 0
    GROUP BY person
)
