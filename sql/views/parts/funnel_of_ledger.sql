-- The funnel, added up from the day ledger: a person counts in the bucket of their first day in it, see ARCHITECTURE, "The day
-- ledger". Parameters and row shape are those of `funnel`.
WITH
    counted AS
    (
-- part: ledger_counts
        UNION ALL
-- part: open_counts
    ),
    told AS
    (
        SELECT
            bucket,
            if({breakdown:String} = '', '', counted.value) AS value,
            toUInt64(sumIf(counted, what = 'visitors')) AS visitors,
            toUInt64(sumIf(counted, what = 'effective')) AS effective,
            toUInt64(sumIf(counted, what = 'open')) AS open,
            toUInt64(sumIf(counted, what = 'inquirers')) AS inquirers,
            toUInt64(sumIf(counted, what = 'buyers')) AS buyers,
            toUInt64(sumIf(counted, what = 'inquiry_buyers')) AS inquiry_buyers,
            toUInt64(sumIf(counted, what = 'payers')) AS payers,
            toUInt64(sumIf(counted, what = 'inquiry_payers')) AS inquiry_payers,
            toUInt64(sumIf(counted, what = 'inquired') - sumIf(counted, what = 'asked')) AS after_sale_inquirers,
            toUInt64(sumIf(counted, what = 'cookieless')) AS cookieless_visitors,
            sumMapIf(
                [(currency, branch)],
                [if(what IN ('orders', 'unattributed_orders'), sum, 0)],
                [if(what IN ('paid_orders', 'unattributed_paid_orders'), sum, 0)],
                [if(what IN ('refunds', 'unattributed_refunds'), sum, 0)],
                [if(what IN ('orders', 'unattributed_orders'), counted, 0)],
                [if(what IN ('paid_orders', 'unattributed_paid_orders'), counted, 0)],
                -- Keeps a currency whose amounts are all 0.
                [counted],
                what NOT IN ('received', 'waiting') AND currency != '' AND what != 'payers_in') AS sums,
            sumMapIf([currency], [counted], what = 'payers_in') AS payers_in,
            sumMapIf(
                [currency],
                [if(what = 'received', sum, 0)],
                [if(what = 'waiting', counted, 0)],
                [if(what = 'waiting', sum, 0)],
                [counted],
                what IN ('received', 'waiting')) AS cash
        FROM counted
        GROUP BY bucket, value
    )
-- part: rates
