-- The funnel, added up from the day ledger: a person counts in the bucket of their first day in it, see
-- ARCHITECTURE, "The day ledger". Parameters and row shape are those of `funnel`.
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
-- each: counted
            toUInt64($sum) AS $id,
            toUInt64(sumIf(counted, what = 'cookieless')) AS cookieless_visitors,
            sumMapIf(
                [(currency, branch)],
                [if(what IN ('orders', 'unattributed_orders'), sum, 0)],
                [if(what IN ('paid_orders', 'unattributed_paid_orders'), sum, 0)],
                [if(what IN ('refunds', 'unattributed_refunds'), sum, 0)],
                [if(what IN ('unverified', 'unattributed_unverified'), sum, 0)],
                [if(what IN ('costs', 'unattributed_costs'), sum, 0)],
                [if(what IN ('profits', 'unattributed_profits'), sum, 0)],
                [if(what IN ('orders', 'unattributed_orders'), counted, 0)],
                [if(what IN ('paid_orders', 'unattributed_paid_orders'), counted, 0)],
                [if(what IN ('uncosted_orders', 'unattributed_uncosted_orders'), counted, 0)],
                -- Keeps a currency whose amounts are all 0.
                [counted],
                what NOT IN ('received', 'waiting') AND currency != '' AND what != 'payers_in')
                ::Tuple(of Array(Tuple(currency String, branch UInt8)),
                    ordered Array(Decimal(38, 4)), paid Array(Decimal(38, 4)), refunded Array(Decimal(38, 4)),
                    unverified Array(Decimal(38, 4)), cost Array(Decimal(38, 4)), profit Array(Decimal(38, 4)),
                    orders Array(UInt64), paid_orders Array(UInt64), uncosted_orders Array(UInt64),
                    rows Array(Int64)) AS sums,
            sumMapIf([currency], [counted], what = 'payers_in')
                ::Tuple(currency Array(String), payers Array(UInt64)) AS paid_in,
            sumMapIf(
                [currency],
                [if(what = 'received', sum, 0)],
                [if(what = 'waiting', counted, 0)],
                [if(what = 'waiting', sum, 0)],
                [counted],
                what IN ('received', 'waiting'))
                ::Tuple(currency Array(String), received Array(Decimal(38, 4)), waiting_count Array(UInt64),
                    waiting Array(Decimal(38, 4)), rows Array(Int64)) AS cash_in
        FROM counted
        GROUP BY bucket, value
    )
-- part: rates
