-- Feeds `visitor_days` as before, from people only. Changed in place: between a view dropped and a view made
-- anew, events would pass by.
ALTER TABLE visitor_days_from_events MODIFY QUERY
SELECT
    shop,
    sipHash64(events.visitor) AS visitor,
    day,
    groupBitOr(bitOr(
        multiIf(kind = 'visit', 1, kind = 'bounce', 2, kind = 'inquiry', 4, kind = 'cart', 8, 16),
        if(cookieless, 32, 0)
    )::UInt16) AS kinds,
    min(if(kind = 'visit', sipHash64(id), 18446744073709551615)) AS view_min,
    max(if(kind = 'visit', sipHash64(id), 0)) AS view_max,
    max(if(kind = 'visit', at, toDateTime64(0, 3, 'UTC'))) AS viewed_at,
    min(if(kind = 'inquiry' AND topic != 'after_sale', at, NULL)) AS asked_at
FROM events
WHERE kind IN ('visit', 'bounce', 'inquiry', 'cart', 'favorite') AND events.visitor != '' AND NOT bot
GROUP BY shop, visitor, day
