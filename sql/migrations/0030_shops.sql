-- The shops as the tracker knows them, for whoever asks ClickHouse itself: names, time zones, rules. The latest row of a shop
-- holds; a shop that was removed stays as such. Kept by the upkeep, read by nothing of the tracker's own answers.
CREATE TABLE IF NOT EXISTS shops
(
    shop             LowCardinality(String),
    name             String,
    time_zone        LowCardinality(String),
    currency         LowCardinality(String),
    after_sale_days  UInt16,
    is_removed       UInt8,
    changed_at       DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY shop
