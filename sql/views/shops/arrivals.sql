-- How many events arrived in each piece of a time, by kind.
--
-- How it stays bounded: the index `by_arrival` of `event_log` leaves out blocks that hold nothing of this time.
-- A repeated event counts once in each piece.
-- Parameters
--   shop          slug, '' for all shops
--   since, until  DateTime64(3, 'UTC')
--   seconds       UInt32, length of a piece
-- Row shape: one row per piece and kind that arrived in it, by time
--   time    DateTime('UTC'), when the piece begins
--   kind    String; programs are the kind `bot`
--   events  UInt64
-- Example
--   SELECT * FROM arrivals(shop = 'demo', since = '2026-11-22 07:00:00.000', until = '2026-11-22
--     08:00:00.000', seconds = 60)
CREATE OR REPLACE VIEW arrivals AS
SELECT
    toDateTime(intDiv(toUnixTimestamp(received_at), {seconds:UInt32}) * {seconds:UInt32}, 'UTC') AS time,
    if(bot, 'bot', toString(event_log.kind)) AS kind,
    uniqExact(id) AS events
FROM event_log
WHERE ({shop:String} = '' OR shop = {shop:String})
    AND received_at BETWEEN {since:DateTime64(3, 'UTC')} AND {until:DateTime64(3, 'UTC')}
GROUP BY time, kind
ORDER BY time, kind
