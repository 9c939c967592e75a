-- The rules under which the ledger of each shop was made; a shop whose rules are others now is made anew.
CREATE TABLE IF NOT EXISTS ledger_rules
(
    shop     LowCardinality(String),
    rules    String,
    made_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(made_at)
ORDER BY shop
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
