-- How many visitors of a window that holds today may still show a second page, by value.
--
-- Parameters: those of `funnel`
-- Row shape: that of `ledger_counts`, of the set 'open'
SELECT
    if({interval:String} = '', {from:Date},
        greatest(toDate(dateTrunc(if({interval:String} = '', 'day', {interval:String}), {today:Date})), {from:Date})) AS bucket,
    group.value AS value,
    'open' AS what,
    '' AS currency,
    2 AS branch,
    toInt64(count()) AS counted,
    toDecimal128(0, 4) AS sum
FROM open_visitors FINAL
ARRAY JOIN if({breakdown:String} = '' AND empty({filter_dimensions:Array(String)}),
        [('', '', open_visitors.after)], groups)
    ::Array(Tuple(dimension String, value String, after Date)) AS group
WHERE shop = {shop:String} AND day = {today:Date} AND {today:Date} BETWEEN {from:Date} AND {to:Date}
    AND until > {now:DateTime64(3, 'UTC')} AND group.after < bucket
    AND group.dimension = concat({breakdown:String}, {filter_dimensions:Array(String)}[1])
    AND (empty({filter_values:Array(Array(String))}) OR has({filter_values:Array(Array(String))}[1], value))
-- part: if_ledger
GROUP BY value
