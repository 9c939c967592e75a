-- What each visitor did on each of their days, as `day_facts`, with the values by which the day is grouped, of the days that pass
-- filters (METRICS section 2, "Groups").
--
-- Parameters
--   those of `day_facts`, and
--   final_days  UInt16, days for which an inquiry's agent and channel are carried
--   breakdown   String, the dimension that `values` is of; of no dimension it is the one value ''
--   filter_dimensions, filter_values  Array(String), Array(Array(String)): of each such dimension a day must carry one of the values
-- Row shape: that of `day_facts`, and
--   values      Array(String), an empty text is "unknown"
WITH
    mapFromArrays({filter_dimensions:Array(String)}, {filter_values:Array(Array(String))}) AS filters,
    arrayPushBack(mapKeys(filters), {breakdown:String}) AS dimensions,
    hasAny(dimensions, ['source', 'medium', 'campaign']) AS wants_touch,
    hasAny(dimensions, ['agent', 'channel']) AS wants_inquiry,
    hasAny(dimensions, ['landing', 'device', 'browser', 'os', 'country', 'region', 'city']) AS wants_visit,
    has(dimensions, 'product') AS wants_product,
    has(dimensions, 'variant') AS wants_variant,
    has(dimensions, 'customer_type') AS wants_customer,
    -- Of each visitor who has any, what their days hold or carry on, in order of time; only what is wanted is read.
    lives AS
    (
        SELECT
            visitor,
            arraySort(groupUniqArrayIf((day, first_visit), wants_visit AND bitAnd(kinds, 1) = 1)) AS visits,
            arraySort(groupUniqArrayIf((day, last_touch), wants_touch AND last_touch.source != '')) AS touches,
            arraySort(groupUniqArrayIf((day, last_inquiry), wants_inquiry AND bitAnd(kinds, 4) = 4)) AS inquiries,
            groupUniqArrayIf((day, agents, channels), wants_inquiry AND bitAnd(kinds, 4) = 4) AS answers,
            groupUniqArrayIf((day, products), wants_product AND notEmpty(products)) AS products,
            groupUniqArrayIf((day, variants), wants_variant AND notEmpty(variants)) AS variants,
            groupUniqArrayIf((day, customers), wants_customer AND notEmpty(customers)) AS customers
        FROM visitor_days
        WHERE shop = {shop:String} AND day <= {to:Date}
            AND day >= multiIf(
                wants_variant OR wants_customer, toDate('1971-01-01'),
                wants_touch, {from:Date} - 30,
                wants_inquiry, {from:Date} - {final_days:UInt16},
                {from:Date})
        GROUP BY visitor
    ),
    -- The payments that make a person old: of a visitor's own orders, and of every order of a customer whom they named.
    paid AS
    (
        SELECT who.1 AS visitor, groupUniqArray((customer, paid_day, who.2)) AS payments
        FROM
        (
            SELECT
                arrayJoin([(orders_of.visitor, true), (named.visitor, false)]) AS who,
                orders_of.customer AS customer,
                arrayJoin(orders_of.payments.day) AS paid_day
            FROM
            (
-- part: order_facts
            ) AS orders_of
            LEFT JOIN
            (
                SELECT DISTINCT visitor, arrayJoin(customers) AS customer
                FROM visitor_days
                WHERE wants_customer AND shop = {shop:String} AND day <= {to:Date}
            ) AS named ON named.customer = orders_of.customer
            WHERE wants_customer AND is_placed
        )
        GROUP BY visitor
    ),
    valued AS
    (
        SELECT
            facts.visitor AS visitor,
            day, is_effective, may_return, inquired, is_pre_sale, is_cookieless, is_ordered, is_paid, money, changed_at,
            arrayFirst(v -> v.1 = day, visits).2 AS visit,
            arrayLast(t -> t.1 BETWEEN day - 30 AND day, touches).2 AS touch,
            arrayLast(i -> i.1 BETWEEN day - {final_days:UInt16} AND day - 1, inquiries).2 AS inquiry_before,
            arrayFilter(a -> a.1 = day, answers) AS answers_today,
            arrayDistinct(arrayFlatten(arrayMap(a -> a.2, answers_today))) AS agents,
            arrayDistinct(arrayFlatten(arrayMap(a -> a.3, answers_today))) AS channels,
            arrayDistinct(arrayFlatten(arrayMap(p -> p.2, arrayFilter(p -> p.1 = day, lives.products)))) AS products,
            arrayDistinct(arrayFlatten(arrayMap(v -> v.2, arrayFilter(v -> v.1 <= day, lives.variants)))) AS variants,
            arrayFlatten(arrayMap(c -> c.2, arrayFilter(c -> c.1 = day, lives.customers))) AS customers_today,
            arrayFlatten(arrayMap(c -> c.2, arrayFilter(c -> c.1 < day, lives.customers))) AS customers_before,
            arrayExists(
                p -> p.2 BETWEEN day - 365 AND day - 1 AND (
                    p.1 = '' OR has(customers_today, p.1)
                    OR (empty(customers_today) AND (p.3 OR has(customers_before, p.1)))),
                paid.payments) AS is_old
        FROM
        (
-- part: day_facts
        ) AS facts
        LEFT JOIN lives ON lives.visitor = facts.visitor
        LEFT JOIN paid ON paid.visitor = facts.visitor
    ),
    told AS
    (
        SELECT
            *,
            [multiIf(visitor = 0, '', touch.2 = '', 'direct', touch.2)] AS source,
            [multiIf(visitor = 0, '', touch.2 = '', 'direct', touch.3)] AS medium,
            [multiIf(visitor = 0, '', touch.2 = '', 'direct', touch.4)] AS campaign,
            [visit.2] AS landing,
            [visit.3] AS device,
            [visit.4] AS browser,
            [visit.5] AS os,
            [visit.6] AS country,
            [visit.7] AS region,
            [visit.8] AS city,
            -- A day with inquiries of its own carries none from before.
            multiIf(notEmpty(agents), agents, empty(answers_today), [inquiry_before.2], ['']) AS agent,
            multiIf(notEmpty(channels), channels, empty(answers_today), [inquiry_before.3], ['']) AS channel,
            if(empty(products), [''], products) AS product,
            if(empty(variants), [''], variants) AS variant,
            [multiIf(visitor = 0, '', is_old, 'old', 'new')] AS customer_type
        FROM valued
    )
SELECT
    visitor, day, is_effective, may_return, inquired, is_pre_sale, is_cookieless, is_ordered, is_paid, money, changed_at,
    multiIf(
        {breakdown:String} = 'source', source,
        {breakdown:String} = 'medium', medium,
        {breakdown:String} = 'campaign', campaign,
        {breakdown:String} = 'landing', landing,
        {breakdown:String} = 'device', device,
        {breakdown:String} = 'browser', browser,
        {breakdown:String} = 'os', os,
        {breakdown:String} = 'country', country,
        {breakdown:String} = 'region', region,
        {breakdown:String} = 'city', city,
        {breakdown:String} = 'agent', agent,
        {breakdown:String} = 'channel', channel,
        {breakdown:String} = 'product', product,
        {breakdown:String} = 'variant', variant,
        {breakdown:String} = 'customer_type', customer_type,
        ['']) AS values
FROM told
WHERE
    (NOT mapContains(filters, 'source') OR hasAny(source, filters['source']))
    AND (NOT mapContains(filters, 'medium') OR hasAny(medium, filters['medium']))
    AND (NOT mapContains(filters, 'campaign') OR hasAny(campaign, filters['campaign']))
    AND (NOT mapContains(filters, 'landing') OR hasAny(landing, filters['landing']))
    AND (NOT mapContains(filters, 'device') OR hasAny(device, filters['device']))
    AND (NOT mapContains(filters, 'browser') OR hasAny(browser, filters['browser']))
    AND (NOT mapContains(filters, 'os') OR hasAny(os, filters['os']))
    AND (NOT mapContains(filters, 'country') OR hasAny(country, filters['country']))
    AND (NOT mapContains(filters, 'region') OR hasAny(region, filters['region']))
    AND (NOT mapContains(filters, 'city') OR hasAny(city, filters['city']))
    AND (NOT mapContains(filters, 'agent') OR hasAny(agent, filters['agent']))
    AND (NOT mapContains(filters, 'channel') OR hasAny(channel, filters['channel']))
    AND (NOT mapContains(filters, 'product') OR hasAny(product, filters['product']))
    AND (NOT mapContains(filters, 'variant') OR hasAny(variant, filters['variant']))
    AND (NOT mapContains(filters, 'customer_type') OR hasAny(customer_type, filters['customer_type']))
