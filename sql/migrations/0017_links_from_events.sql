-- Feeds `links`.
CREATE MATERIALIZED VIEW IF NOT EXISTS links_from_events TO links AS
SELECT DISTINCT shop, link.1 AS name, link.2 AS order_id, link.3 AS visitor
FROM
(
    SELECT
        shop,
        arrayJoin([
            (if(kind = 'order' AND events.visitor != '', sipHash64(events.visitor), 0), events.order_id, 0),
            (if(events.order_id != '' AND customer != '', sipHash64('customer', customer), 0), events.order_id, 0),
            (if(kind = 'payment' AND payment_id != '', sipHash64('payment', payment_id), 0), events.order_id, 0),
            (if(kind = 'refund' AND refund_id != '', sipHash64('refund', refund_id), 0), events.order_id, 0),
            (if(customer != '' AND events.visitor != '', sipHash64('customer', customer), 0), '', sipHash64(events.visitor))
        ]::Array(Tuple(UInt64, String, UInt64))) AS link
    FROM events
    WHERE events.order_id != '' OR customer != ''
)
WHERE link.1 != 0
