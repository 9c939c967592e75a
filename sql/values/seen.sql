-- Which of these values the shop saw on a day, or in the 30 days before.
-- shop String · day Date · values Array(UInt64)
SELECT value, max(day = {day:Date}) AS is_of_the_day
FROM seen_values
WHERE shop = {shop:String} AND day BETWEEN {day:Date} - 30 AND {day:Date} AND value IN {values:Array(UInt64)}
GROUP BY value
