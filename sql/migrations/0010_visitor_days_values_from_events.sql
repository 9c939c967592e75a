-- Feeds `visitor_days` with the values of the day as well.
ALTER TABLE visitor_days_from_events MODIFY QUERY
SELECT
    shop,
    sipHash64(events.visitor) AS visitor,
    day,
    groupBitOr(multiIf(kind = 'visit', 1, kind = 'bounce', 2, kind = 'inquiry', 4, kind = 'cart', 8, kind = 'favorite', 16, 0)
        + if(cookieless AND kind IN ('visit', 'bounce', 'inquiry', 'cart', 'favorite'), 32, 0)::UInt16) AS kinds,
    min(if(kind = 'visit', sipHash64(id), 18446744073709551615)) AS view_min,
    max(if(kind = 'visit', sipHash64(id), 0)) AS view_max,
    max(if(kind = 'visit', at, toDateTime64(0, 3, 'UTC'))) AS viewed_at,
    min(if(kind = 'inquiry' AND topic != 'after_sale', at, NULL)) AS asked_at,
    min(if(kind = 'visit',
        (at, path, toString(device), toString(browser), toString(os), toString(country), toString(region), toString(city)),
        (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '', '', '', '', '', '', ''))) AS first_visit,
    min(if(kind = 'visit' AND source != '', (at, toString(source), toString(medium), toString(campaign)),
        (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '', '', ''))) AS first_touch,
    max(if(kind = 'visit' AND source != '', (at, toString(source), toString(medium), toString(campaign)),
        (toDateTime64(0, 3, 'UTC'), '', '', ''))) AS last_touch,
    max(if(kind = 'inquiry', (at, toString(agent), toString(channel)), (toDateTime64(0, 3, 'UTC'), '', ''))) AS last_inquiry,
    groupUniqArrayArray(if(kind = 'inquiry' AND agent != '', [toString(agent)], [])) AS agents,
    groupUniqArrayArray(if(kind = 'inquiry' AND channel != '', [toString(channel)], [])) AS channels,
    groupUniqArrayArray(if(product != '', [product], [])) AS products,
    groupUniqArrayArray(if(variant != '', [toString(variant)], [])) AS variants,
    groupUniqArrayArray(if(customer != '', [customer], [])) AS customers
FROM events
WHERE events.visitor != '' AND NOT bot
    AND (kind IN ('visit', 'bounce', 'inquiry', 'cart', 'favorite') OR product != '' OR variant != '' OR customer != '')
GROUP BY shop, visitor, day
