-- Feeds `ledger_changes`.
CREATE MATERIALIZED VIEW IF NOT EXISTS ledger_changes_from_events TO ledger_changes AS
SELECT DISTINCT
    shop,
    if(events.visitor = '', 0, sipHash64(events.visitor)) AS visitor,
    if(kind IN ('order', 'payment', 'refund'), events.order_id, '') AS order_id,
    if(visitor = 0, sipHash64('order', order_id), visitor) AS slot
FROM events
WHERE kind IN ('order', 'payment', 'refund')
    OR (events.visitor != '' AND NOT bot
        AND (kind IN ('visit', 'bounce', 'inquiry', 'cart', 'favorite') OR product != '' OR variant != '' OR customer != ''))
