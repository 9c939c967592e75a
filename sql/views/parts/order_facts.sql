-- What is known of each order of a shop, out of its order, payment and refund events in any order of arrival (METRICS
-- sections 1 and 4).
--
-- Parameters
--   shop      slug
--   currency  ISO 4217 code of what names none: the shop's
-- Row shape: one row per order id that any event names
--   is_placed      an `order` event has come; otherwise its payments wait
--   placed_at, placed_day  earliest `at`, and the shop's day of it
--   visitor        sipHash64 of the visitor of the earliest order event that names one, 0 for unattributed
--   is_cookieless  that event named a same-day id
--   customer       of the order's earliest event that names one, else empty
--   payments       Array(Tuple(at, day, amount, currency)): those that count, without an amount of their own the order's
--   money          Array(Tuple(order_id, day, currency, ordered, paid, refunded, is_order, is_paid)), one per currency, `day`
--                  that of the order; an order whose amount was never told has 0 in the shop's currency
--   changed_at     arrival of its last event when that came on a later day than the order's, else NULL
WITH
    -- One row per order, payment and refund. Of several tellings the verified one counts, then the latest; ties of `at`
    -- are broken by the id's bytes, because a UUID by itself is ordered by its second half first.
    facts AS
    (
        SELECT
            any(told.kind) AS kind,
            argMax(told.order_id, rank) AS order_id,
            argMax(told.at, rank) AS last_at,
            argMax(told.day, rank) AS last_day,
            argMaxIf(told.amount, rank, told.amount IS NOT NULL) AS amount,
            argMaxIf(toString(told.currency), rank, told.amount IS NOT NULL) AS currency,
            any(payment_id != '') AS has_id,
            min(told.at) AS first_at,
            min(told.day) AS first_day,
            argMinIf(told.visitor, moment, told.visitor != 0) AS visitor,
            argMinIf(told.cookieless, moment, told.visitor != 0) AS is_cookieless,
            minIf(concat(moment, told.customer), told.customer != '') AS named,
            max(told.received_at) AS received_at,
            max(told.received_day) AS received_day
        FROM
        (
            SELECT
                *,
                -- 24 bytes that are ordered as (at, id) is.
                concat(reinterpretAsFixedString(byteSwap(toUnixTimestamp64Milli(at))), UUIDToNum(id)) AS moment,
                concat(if(verified, '1', '0'), moment) AS rank,
                multiIf(
                    kind = 'order', concat('o', order_id),
                    kind = 'refund', if(refund_id = '', concat('r', toString(id)), concat('R', refund_id)),
                    payment_id = '', concat('p', order_id), concat('P', payment_id)) AS fact
            FROM orders
            WHERE shop = {shop:String}
        ) AS told
        GROUP BY fact
    ),
    gathered AS
    (
        SELECT
            order_id,
            max(kind = 'order') AS is_placed,
            maxIf(first_at, kind = 'order') AS placed_at,
            maxIf(first_day, kind = 'order') AS placed_day,
            maxIf(facts.visitor, kind = 'order') AS visitor,
            maxIf(facts.is_cookieless, kind = 'order') AS is_cookieless,
            minIf(named, named != '') AS first_named,
            maxIf(facts.amount, kind = 'order') AS amount,
            maxIf(facts.currency, kind = 'order') AS currency,
            -- Payments without an id count only where none has one.
            max(kind = 'payment' AND has_id) AS with_ids,
            groupArrayIf((has_id, last_at, last_day, facts.amount, facts.currency), kind = 'payment') AS told_payments,
            groupArrayIf((facts.amount, facts.currency), kind = 'refund') AS refunds,
            max(facts.received_at) AS received_at,
            max(facts.received_day) AS received_day
        FROM facts
        GROUP BY order_id
    ),
    priced AS
    (
        SELECT
            order_id, is_placed, placed_at, placed_day, visitor, is_cookieless,
            substring(first_named, 25) AS customer,
            if(received_day > placed_day, received_at, NULL) AS changed_at,
            ifNull(gathered.amount, 0) AS amount,
            if(gathered.amount IS NULL, {currency:String}, gathered.currency) AS currency,
            arrayMap(
                p -> (p.2, p.3, ifNull(p.4, amount), if(p.4 IS NULL, currency, p.5)),
                arrayFilter(p -> p.1 = with_ids, told_payments)
            )::Array(Tuple(at DateTime64(3, 'UTC'), day Date, amount Decimal(38, 4), currency String)) AS payments,
            arrayFilter(r -> r.1 IS NOT NULL, refunds)::Array(Tuple(amount Decimal(38, 4), currency String)) AS part_refunds,
            length(part_refunds) < length(refunds) AS is_refunded_whole
        FROM gathered
    )
SELECT
    order_id, is_placed, placed_at, placed_day, visitor, is_cookieless, customer, payments, changed_at,
    arrayMap(
        c -> (
            c,
            if(c = currency, amount, 0),
            arraySum(p -> if(p.currency = c, p.amount, 0), payments) AS paid,
            arraySum(r -> if(r.currency = c, r.amount, 0), part_refunds) AS told_refunded,
            -- A refund without an amount is of all that is still paid.
            if(is_refunded_whole, greatest(paid, told_refunded), told_refunded),
            c = currency AND is_placed,
            has(payments.currency, c)),
        arrayDistinct(arrayConcat([currency], payments.currency, part_refunds.currency))
    ) AS sums,
    arrayMap(s -> (order_id, placed_day, s.1, s.2, s.3, s.5, s.6, s.7), sums)
        ::Array(Tuple(order_id String, day Date, currency String, ordered Decimal(38, 4), paid Decimal(38, 4), refunded Decimal(38, 4), is_order Bool, is_paid Bool)) AS money
FROM priced
