-- For each day of a shop, when the last event arrived that came after the day had ended: from then on its figures were
-- other than before.
CREATE TABLE IF NOT EXISTS late_arrivals
(
    shop        LowCardinality(String),
    day         Date,
    received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (shop, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
