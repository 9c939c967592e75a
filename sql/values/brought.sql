-- How many new values each client has brought to a shop on a day.
-- shop String · day Date
SELECT dimension, client, count() AS brought
FROM seen_values FINAL
WHERE shop = {shop:String} AND day = {day:Date} AND is_new
GROUP BY dimension, client
