-- Counts, rates and sums of the shop funnel, one row per bucket and value, out of `persons`, which has one row per bucket,
-- value and visitor. Shared by the views that make `persons` in different ways.
    told AS
    (
        SELECT
            bucket,
            value,
            countIf(visitor != 0) AS visitors,
            countIf(is_effective AND visitor != 0) AS effective,
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
            countIf(inquired AND first_asked_day IS NULL) AS after_sale_inquirers,
            countIf(is_cookieless AND visitor != 0) AS cookieless_visitors,
            -- By currency and branch: 0 unattributed, 1 inquiry, 2 silent.
            sumMap(
                arrayMap((currency, day) -> (currency, multiIf(visitor = 0, 0, day >= first_asked_day, 1, 2)), money.currency, money.day),
                money.ordered, money.paid, money.refunded, money.is_order, money.is_paid) AS sums,
            sumMap(arrayDistinct(arrayFilter((currency, is_paid) -> is_paid AND visitor != 0, money.currency, money.is_paid)) AS paid_in, arrayMap(_ -> 1, paid_in)) AS payers_in,
            max(changed_at) AS changed_at
        FROM persons
        GROUP BY bucket, value
    )
SELECT
    bucket,
    nullIf(value, '') AS value,
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
    cookieless_visitors / nullIf(visitors, 0) AS cookieless_share,
    arrayZip(sums.1.1, sums.1.2, sums.2, sums.3, sums.4, sums.5, sums.6)
        ::Array(Tuple(currency String, branch UInt8, ordered Decimal(38, 4), paid Decimal(38, 4), refunded Decimal(38, 4), orders UInt64, paid_orders UInt64)) AS money,
    arrayZip(payers_in.1, payers_in.2)::Array(Tuple(currency String, payers UInt64)) AS payers_in,
    changed_at
FROM told
