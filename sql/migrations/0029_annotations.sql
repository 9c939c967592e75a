-- What people wrote about days of a shop. An entry is never changed, only removed, and the later version wins.
CREATE TABLE IF NOT EXISTS annotations
(
    shop LowCardinality(String),
    id UUID,
    day Date,
    text String,
    version UInt8,
    is_removed UInt8
)
ENGINE = ReplacingMergeTree(version, is_removed)
ORDER BY (shop, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
