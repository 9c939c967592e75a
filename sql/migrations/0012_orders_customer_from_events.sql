-- Feeds `orders` with every order, payment and refund event, as before, and the new columns.
ALTER TABLE orders_from_events MODIFY QUERY
SELECT
    shop,
    order_id,
    kind,
    at,
    id,
    day,
    if(events.visitor = '', 0, sipHash64(events.visitor)) AS visitor,
    cookieless,
    customer,
    payment_id,
    refund_id,
    amount,
    currency,
    verified,
    received_at,
    received_day
FROM events
WHERE kind IN ('order', 'payment', 'refund')
