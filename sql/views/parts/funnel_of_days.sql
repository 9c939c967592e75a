-- The funnel of the visitors' days that carry a value (METRICS section 2, "Groups") or pass filters: it reads
-- every such day of the window. Parameters and row shape are those of `funnel`.
WITH
    mapFromArrays({filter_dimensions:Array(String)}, {filter_values:Array(Array(String))}) AS filters,
    persons AS
    (
        SELECT
            if({interval:String} = '', {from:Date},
                greatest(toDate(dateTrunc(if({interval:String} = '', 'day', {interval:String}), day)), {from:Date})) AS bucket,
            -- `identity` has each `if` of a known parameter replaced before columns are chosen: otherwise
            -- every second one stays.
-- nest: dimension
            if({breakdown:String} = '$id', $text, identity(…))
                AS value,
            groupBitOr(marks) AS did,
            max(day = {today:Date} AND open_until > {now:DateTime64(3, 'UTC')}) AS may_return,
            minIf(day, bitAnd(marks, 4) != 0) AS asked_day,
            minIf(day, bitAnd(marks, 8) != 0) AS ordered_day,
            bitAnd(did, 64) = 0 AS is_person,
            bitAnd(did, 8) != 0 AS is_buyer,
            bitAnd(did, 4) != 0 AND (NOT is_buyer OR asked_day <= ordered_day) AS is_inquirer,
            -- Of each day's orders, and as often its day.
            groupArrayArrayIf(money, notEmpty(money)) AS of_orders,
            groupArrayArrayIf(
                arrayResize(more_money, length(money)), notEmpty(money)) AS of_orders_more,
            groupArrayArrayIf(arrayMap(_ -> day, money), notEmpty(money)) AS of_days
        FROM day_facts FINAL
        WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date} AND NOT is_deleted
-- each: dimension
            AND (NOT mapContains(filters, '$id') OR $passes)
-- part: if_days
        GROUP BY visitor, bucket, value
        -- The key holds the partition's day; a partition of one part is then read as it is.
        SETTINGS do_not_merge_across_partitions_select_final = 1
    ),
    told AS
    (
        SELECT
            bucket,
            value,
            countIf(is_person) AS visitors,
            countIf(bitAnd(did, 1) != 0) AS effective,
            countIf(may_return AND bitAnd(did, 1) = 0) AS open,
            countIf(is_inquirer) AS inquirers,
            countIf(is_buyer) AS buyers,
            countIf(is_buyer AND is_inquirer) AS inquiry_buyers,
            countIf(bitAnd(did, 16) != 0) AS payers,
            countIf(bitAnd(did, 16) != 0 AND is_inquirer) AS inquiry_payers,
            countIf(bitAnd(did, 6) = 2) AS after_sale_inquirers,
            countIf(bitAnd(did, 32) != 0) AS cookieless_visitors,
            -- By currency and branch: 0 unattributed, 1 inquiry, 2 silent.
            sumMap(
                arrayMap(
                    (m, d) -> (m.currency, multiIf(NOT is_person, 0, bitAnd(did, 4) != 0 AND d >= asked_day, 1, 2)),
                    of_orders, of_days),
                of_orders.ordered, of_orders.paid, of_orders.refunded,
                of_orders_more.unverified, of_orders_more.cost, of_orders_more.profit,
                of_orders.orders, of_orders.paid_orders, of_orders_more.uncosted_orders,
                arrayMap(_ -> 1, of_orders))
                ::Tuple(of Array(Tuple(currency String, branch UInt8)),
                    ordered Array(Decimal(38, 4)), paid Array(Decimal(38, 4)), refunded Array(Decimal(38, 4)),
                    unverified Array(Decimal(38, 4)), cost Array(Decimal(38, 4)), profit Array(Decimal(38, 4)),
                    orders Array(UInt64), paid_orders Array(UInt64), uncosted_orders Array(UInt64),
                    rows Array(Int64)) AS sums,
            sumMap(
                arrayDistinct(
                    arrayMap(m -> m.currency, arrayFilter(m -> m.paid_orders > 0 AND is_person, of_orders))) AS paying,
                arrayMap(_ -> 1, paying))
                ::Tuple(currency Array(String), payers Array(UInt64)) AS paid_in,
            ([], [], [], [])
                ::Tuple(currency Array(String), received Array(Decimal(38, 4)), waiting_count Array(UInt64),
                    waiting Array(Decimal(38, 4))) AS cash_in
        FROM persons
        GROUP BY bucket, value
    )
-- part: rates
