-- Who has shown one page today and may show another: the latest batch counts. Only today's are read; the upkeep
-- drops older days at night, by its own clock.
-- `until`   when that is over
-- `after`   the visitor's last effective day before
-- `groups`  the same for each dimension and value that the day carries
CREATE TABLE IF NOT EXISTS open_visitors
(
    shop       LowCardinality(String),
    day        Date,
    visitor    UInt64,
    batch      UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8,
    until      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    after      Date,
    groups     Array(Tuple(dimension String, value String, after Date)) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(batch, is_deleted)
PARTITION BY day
ORDER BY (shop, day, visitor)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
