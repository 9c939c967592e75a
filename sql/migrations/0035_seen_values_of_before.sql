-- What shops have seen before anything was bounded: without it every page of an old shop would be new on one day.
INSERT INTO seen_values (shop, day, dimension, value)
SELECT shop, day, carried.1, reinterpretAsUInt64(substring(SHA256(concat(carried.1, '\0', carried.2)), 1, 8))
FROM
(
    SELECT DISTINCT shop, day, carried
    FROM day_facts
    ARRAY JOIN arrayConcat(
        [('source', toString(source)), ('medium', toString(medium)), ('campaign', toString(campaign)), ('landing', landing)],
        arrayMap(value -> ('agent', value), agent),
        arrayMap(value -> ('channel', value), channel),
        arrayMap(value -> ('variant', value), variant),
        arrayMap(value -> ('product', value), product)
    ) AS carried
    WHERE day >= today() - 45 AND carried.2 != ''
)
