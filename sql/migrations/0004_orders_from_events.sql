-- Feeds `orders` with every order, payment and refund event.
CREATE MATERIALIZED VIEW IF NOT EXISTS orders_from_events TO orders AS
SELECT
    shop,
    order_id,
    kind,
    at,
    id,
    day,
    if(events.visitor = '', 0, sipHash64(events.visitor)) AS visitor,
    cookieless,
    payment_id,
    refund_id,
    amount,
    currency,
    verified
FROM events
WHERE kind IN ('order', 'payment', 'refund')
