-- On which days the shop saw these values, from 30 days before the first day asked about to the last.
-- shop String · from, to Date · values Array(UInt64)
SELECT value, groupUniqArray(day) AS days
FROM seen_values
WHERE shop = {shop:String} AND day BETWEEN {from:Date} - 30 AND {to:Date} AND value IN {values:Array(UInt64)}
GROUP BY value
