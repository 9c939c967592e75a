-- How alive each shop is: events that arrived in the last hours, and in the same hours a day and a week
-- before.
--
-- How it stays bounded: the index `by_arrival` of `event_log` leaves out blocks that hold nothing of these
-- hours. A repeated event counts once.
-- Parameters
--   now    DateTime64(3, 'UTC'), until when is looked
--   hours  UInt16, how many
-- Row shape: one row per shop that is there, by slug
--   shop                               slug
--   name                               String
--   events, day_before, week_before    UInt64
--   last_at                            Nullable(DateTime64(3, 'UTC')), the last arrival of the last eight
--                                      days
-- Example
--   SELECT * FROM pulse(now = '2026-11-22 08:00:00.000', hours = 6)
CREATE OR REPLACE VIEW pulse AS
WITH arrived AS
(
    SELECT
        shop,
        uniqExactIf(id, received_at > {now:DateTime64(3, 'UTC')} - toIntervalHour({hours:UInt16})) AS events,
        uniqExactIf(
            id,
            received_at > {now:DateTime64(3, 'UTC')} - toIntervalHour({hours:UInt16} + 24)
                AND received_at <= {now:DateTime64(3, 'UTC')} - toIntervalHour(24)) AS day_before,
        uniqExactIf(
            id,
            received_at > {now:DateTime64(3, 'UTC')} - toIntervalHour({hours:UInt16} + 168)
                AND received_at <= {now:DateTime64(3, 'UTC')} - toIntervalHour(168)) AS week_before,
        max(received_at) AS last_at
    FROM event_log
    WHERE received_at BETWEEN {now:DateTime64(3, 'UTC')} - toIntervalHour({hours:UInt16} + 168) AND {now:DateTime64(3, 'UTC')}
    GROUP BY shop
)
SELECT
    shops.shop AS shop,
    shops.name AS name,
    arrived.events AS events,
    arrived.day_before AS day_before,
    arrived.week_before AS week_before,
    if(arrived.shop = '', NULL, arrived.last_at) AS last_at
FROM
(
    SELECT toString(shop) AS shop, name
    FROM shops FINAL
    WHERE is_removed = 0
) AS shops
LEFT JOIN arrived ON toString(arrived.shop) = shops.shop
ORDER BY shop
