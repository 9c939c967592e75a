-- Values of dimensions that a shop has seen, by day, so that strangers can bring a bounded number of new ones (METRICS section 2).
-- `day`     of the events that carry the value
-- `value`   the first 8 bytes of SHA-256 of dimension, a zero byte and value, as a little-endian number
-- `is_new`  an event that nobody vouches for brought it, and it was not seen in the 30 days before
-- `client`  who brought it: a hash of the network, too short to tell one from another; 0 of what nobody is bounded for
CREATE TABLE IF NOT EXISTS seen_values
(
    shop      LowCardinality(String),
    day       Date,
    dimension LowCardinality(String),
    value     UInt64,
    is_new    UInt8,
    client    UInt16
)
ENGINE = ReplacingMergeTree(is_new)
ORDER BY (shop, day, value)
TTL day + INTERVAL 60 DAY
