-- Feeds `visitor_days` with every event that brings its visitor to the shop by itself.
-- A payment, a refund and a rating bring nobody; a placed order does, and is read from `orders`.
CREATE MATERIALIZED VIEW IF NOT EXISTS visitor_days_from_events TO visitor_days AS
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
WHERE kind IN ('visit', 'bounce', 'inquiry', 'cart', 'favorite') AND events.visitor != ''
GROUP BY shop, visitor, day
