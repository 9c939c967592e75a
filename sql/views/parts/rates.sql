-- The columns of a funnel, out of the counts and sums in `told`. Shared by the views that count in different
-- ways.
SELECT
    bucket,
    nullIf(value, '') AS value,
-- each: count
    $column,
-- each: rate
    $part / nullIf($base, 0) AS $id,
    cookieless_visitors / nullIf(visitors, 0) AS cookieless_share,
    arrayZip(sums.of.currency, sums.of.branch, sums.ordered, sums.paid, sums.refunded,
            sums.unverified, sums.cost, sums.profit, sums.orders, sums.paid_orders, sums.uncosted_orders)
        ::Array(Tuple(currency String, branch UInt8, ordered Decimal(38, 4), paid Decimal(38, 4),
            refunded Decimal(38, 4), unverified Decimal(38, 4), cost Decimal(38, 4), profit Decimal(38, 4),
            orders UInt64, paid_orders UInt64, uncosted_orders UInt64)) AS money,
    arrayZip(paid_in.currency, paid_in.payers)::Array(Tuple(currency String, payers UInt64)) AS payers_in,
    arrayZip(cash_in.currency, cash_in.received, cash_in.waiting_count, cash_in.waiting)
        ::Array(Tuple(currency String, received Decimal(38, 4), waiting_count UInt64,
            waiting Decimal(38, 4))) AS cash
FROM told
WHERE visitors > 0 OR notEmpty(money) OR notEmpty(cash)
