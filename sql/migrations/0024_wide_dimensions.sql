-- Dimensions of which a shop has more values than the ledger keeps: these are answered from `day_facts`.
CREATE TABLE IF NOT EXISTS wide_dimensions
(
    shop      LowCardinality(String),
    dimension LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (shop, dimension)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
