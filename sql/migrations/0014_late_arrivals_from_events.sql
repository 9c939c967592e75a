-- Feeds `late_arrivals`.
CREATE MATERIALIZED VIEW IF NOT EXISTS late_arrivals_from_events TO late_arrivals AS
SELECT shop, day, max(events.received_at) AS received_at
FROM events
WHERE received_day > day AND NOT bot
GROUP BY shop, day
