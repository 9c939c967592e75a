-- How many new values each client has brought to a shop on each day.
-- shop String · from, to Date
SELECT day, dimension, client, count() AS brought
FROM seen_values FINAL
WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date} AND is_new
GROUP BY day, dimension, client
