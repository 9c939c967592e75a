-- Cash of a window, or of each bucket of it: payments by their own time, and those among them whose order has not been seen
-- (METRICS section 4: `received_amount`, `waiting_payments`).
--
-- Parameters
--   shop      slug
--   from, to  Date, first and last day of the window, both included, days of the shop
--   currency  ISO 4217 code of a payment that names none and whose order names none: the shop's
--   interval  String, 'day', 'week' or 'month' for buckets, '' for the window as one
-- Row shape: one row per bucket and currency in which a payment was made
--   bucket           Date, first day of the bucket, not before `from`
--   currency         String
--   received         Decimal(38, 4), of all payments
--   waiting_count    UInt64, payments whose order has not been seen
--   waiting          Decimal(38, 4), of these
-- Example
--   SELECT * FROM cash(shop = 'demo', from = '2026-11-01', to = '2026-11-30', currency = 'CNY', interval = 'day')
CREATE OR REPLACE VIEW cash AS
SELECT
    multiIf(
        {interval:String} = 'day', payment.day,
        {interval:String} = 'week', greatest(toMonday(payment.day), {from:Date}),
        {interval:String} = 'month', greatest(toStartOfMonth(payment.day), {from:Date}),
        {from:Date}) AS bucket,
    payment.currency AS currency,
    sum(payment.amount) AS received,
    countIf(NOT is_placed) AS waiting_count,
    sumIf(payment.amount, NOT is_placed) AS waiting
FROM
(
    SELECT is_placed, arrayJoin(payments) AS payment
    FROM
    (
-- part: order_facts
    )
)
WHERE payment.day BETWEEN {from:Date} AND {to:Date}
GROUP BY bucket, currency
