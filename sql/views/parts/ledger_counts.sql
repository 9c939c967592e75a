-- What the ledger counts in each bucket of a window, and of which value: of `breakdown`, or of the one value
-- of the one filter.
--
-- Parameters
--   shop, from, to, interval, breakdown, filter_dimensions, filter_values  as of `funnel`
-- Row shape: one row per bucket, value, set, currency and branch
--   bucket    Date, first day of the bucket, not before `from`
--   value     String, empty for unknown and for the total
--   what      String, the set
--   currency  String, empty where persons are counted, whatever they paid in
--   branch    UInt8, of money: 0 unattributed, 1 inquiry, 2 silent
--   counted   Int64; `sum` Decimal(38, 4)
SELECT
    if({interval:String} = '', {from:Date},
        greatest(toDate(dateTrunc(if({interval:String} = '', 'day', {interval:String}), day)), {from:Date})) AS bucket,
    value,
    toString(set) AS what,
    currency,
    multiIf(set >= 'unattributed_orders', 0, start >= bucket, 1, 2) AS branch,
    sum(day_ledger.counted) AS counted,
    sum(amount) AS sum
FROM day_ledger FINAL
WHERE shop = {shop:String} AND dimension = concat({breakdown:String}, {filter_dimensions:Array(String)}[1]) AND day BETWEEN {from:Date} AND {to:Date}
    AND (empty({filter_values:Array(Array(String))}) OR has({filter_values:Array(Array(String))}[1], value))
    AND set < 'buyers_d0' AND (set >= 'orders' OR (after < bucket AND bucket <= start))
-- part: if_ledger
GROUP BY bucket, value, set, currency, branch
