-- What the visitors to work on did.
--
-- Row shape: one row per visitor and day, the columns of `visitor_activity`, ordered by shop, visitor and day
SELECT
    shop, visitor, toUInt16(day) AS day, kinds, view_min, view_max,
    toUnixTimestamp64Milli(tupleElement(first_visit, 'at')) AS viewed_at_ms,
    toUnixTimestamp64Milli(asked_at) AS asked_at_ms,
    tupleElement(first_visit, 'path') AS landing, tupleElement(first_visit, 'device') AS device, tupleElement(first_visit, 'browser') AS browser,
    tupleElement(first_visit, 'os') AS os, tupleElement(first_visit, 'country') AS country, tupleElement(first_visit, 'region') AS region,
    tupleElement(first_visit, 'city') AS city,
    tupleElement(last_touch, 'source') AS source, tupleElement(last_touch, 'medium') AS medium, tupleElement(last_touch, 'campaign') AS campaign,
    tupleElement(last_inquiry, 'agent') AS last_agent, tupleElement(last_inquiry, 'channel') AS last_channel,
    toUnixTimestamp64Milli(tupleElement(last_inquiry, 'at')) AS last_inquiry_at_ms,
    agents, channels, products, variants, customers
FROM visitor_activity FINAL
-- The visitors by themselves are found quicker than with their shops.
WHERE visitor IN (SELECT visitor FROM ledger_visitors) AND (shop, visitor) IN ledger_visitors
ORDER BY shop, visitor, visitor_activity.day
-- Sound here: the key alone decides what is read, so every state of a day is, and the key holds the
-- partition's day. States merge whole: an element read by itself, `first_visit.path`, would be that of any
-- state.
SETTINGS optimize_move_to_prewhere_if_final = 1, do_not_merge_across_partitions_select_final = 1,
    optimize_functions_to_subcolumns = 0
