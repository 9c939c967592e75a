-- The funnel of the visitors' days that carry a value (METRICS section 2, "Groups") or pass filters: it reads every such day of the
-- window. Parameters and row shape are those of `funnel`.
WITH
    mapFromArrays({filter_dimensions:Array(String)}, {filter_values:Array(Array(String))}) AS filters,
    persons AS
    (
        SELECT
            if({interval:String} = '', {from:Date},
                greatest(toDate(dateTrunc(if({interval:String} = '', 'day', {interval:String}), day)), {from:Date})) AS bucket,
            -- `identity` has each `if` of a known parameter replaced before columns are chosen: otherwise every second one stays.
            if({breakdown:String} = 'source', source::String, identity(
                if({breakdown:String} = 'medium', medium::String, identity(
                if({breakdown:String} = 'campaign', campaign::String, identity(
                if({breakdown:String} = 'landing', landing, identity(
                if({breakdown:String} = 'device', device::String, identity(
                if({breakdown:String} = 'browser', browser::String, identity(
                if({breakdown:String} = 'os', os::String, identity(
                if({breakdown:String} = 'country', country::String, identity(
                if({breakdown:String} = 'region', region::String, identity(
                if({breakdown:String} = 'city', city::String, identity(
                if({breakdown:String} = 'agent', arrayJoin(agent), identity(
                if({breakdown:String} = 'channel', arrayJoin(channel), identity(
                if({breakdown:String} = 'product', arrayJoin(product), identity(
                if({breakdown:String} = 'variant', arrayJoin(variant), identity(
                if({breakdown:String} = 'customer_type', customer_type::String, ''))))))))))))))))))))))))))))) AS value,
            groupBitOr(marks) AS did,
            max(day = {today:Date} AND open_until > {now:DateTime64(3, 'UTC')}) AS may_return,
            minIf(day, bitAnd(marks, 4) != 0) AS asked_day,
            minIf(day, bitAnd(marks, 8) != 0) AS ordered_day,
            bitAnd(did, 64) = 0 AS is_person,
            bitAnd(did, 8) != 0 AS is_buyer,
            bitAnd(did, 4) != 0 AND (NOT is_buyer OR asked_day <= ordered_day) AS is_inquirer,
            groupArrayArrayIf(arrayMap(m -> (day, m), money), notEmpty(money)) AS moved
        FROM day_facts FINAL
        WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date} AND NOT is_deleted
            AND (NOT mapContains(filters, 'source') OR source IN (filters['source']))
            AND (NOT mapContains(filters, 'medium') OR medium IN (filters['medium']))
            AND (NOT mapContains(filters, 'campaign') OR campaign IN (filters['campaign']))
            AND (NOT mapContains(filters, 'landing') OR landing IN (filters['landing']))
            AND (NOT mapContains(filters, 'device') OR device IN (filters['device']))
            AND (NOT mapContains(filters, 'browser') OR browser IN (filters['browser']))
            AND (NOT mapContains(filters, 'os') OR os IN (filters['os']))
            AND (NOT mapContains(filters, 'country') OR country IN (filters['country']))
            AND (NOT mapContains(filters, 'region') OR region IN (filters['region']))
            AND (NOT mapContains(filters, 'city') OR city IN (filters['city']))
            AND (NOT mapContains(filters, 'agent') OR hasAny(agent, filters['agent']))
            AND (NOT mapContains(filters, 'channel') OR hasAny(channel, filters['channel']))
            AND (NOT mapContains(filters, 'product') OR hasAny(product, filters['product']))
            AND (NOT mapContains(filters, 'variant') OR hasAny(variant, filters['variant']))
            AND (NOT mapContains(filters, 'customer_type') OR customer_type IN (filters['customer_type']))
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
                arrayMap(m -> (m.2.currency, multiIf(NOT is_person, 0, bitAnd(did, 4) != 0 AND m.1 >= asked_day, 1, 2)), moved),
                moved.2.ordered, moved.2.paid, moved.2.refunded, moved.2.orders, moved.2.paid_orders,
                arrayMap(_ -> 1, moved)) AS sums,
            sumMap(
                arrayDistinct(arrayMap(m -> m.2.currency, arrayFilter(m -> m.2.paid_orders > 0 AND is_person, moved))) AS paid_in,
                arrayMap(_ -> 1, paid_in)) AS payers_in,
            ([], [], [], [])::Tuple(Array(String), Array(Decimal(38, 4)), Array(UInt64), Array(Decimal(38, 4))) AS cash
        FROM persons
        GROUP BY bucket, value
    )
-- part: rates
