-- The day ledger: how many of a set have rows with the same place in their visitor's history; the latest batch counts.
-- A window [a, b] counts a row when after < a <= start AND day <= b, and a row of money or cash when day is in it.
-- ARCHITECTURE.md, "The day ledger", says why that is exact. Read with FINAL, it is twice as quick in one part as in two, so it is
-- merged as soon as nothing has changed for a minute.
-- `dimension`, `value`  the days that carry the value; both empty for all days
-- `set`        what is counted
-- `currency`   of an amount, else empty
-- `counted`, `amount`  how many, and how much; both 0 where a correction took away the last one
CREATE TABLE IF NOT EXISTS day_ledger
(
    shop      LowCardinality(String),
    dimension LowCardinality(String),
    value     String CODEC(ZSTD(1)),
    set       Enum8(
        'visitors' = 1, 'effective' = 2, 'inquired' = 3, 'asked' = 4, 'inquirers' = 5, 'buyers' = 6, 'inquiry_buyers' = 7,
        'payers' = 8, 'inquiry_payers' = 9, 'cookieless' = 10, 'payers_in' = 11,
        'orders' = 20, 'paid_orders' = 21, 'refunds' = 22,
        'unattributed_orders' = 30, 'unattributed_paid_orders' = 31, 'unattributed_refunds' = 32,
        'received' = 40, 'waiting' = 41),
    currency  LowCardinality(String),
    after     Date CODEC(Delta, ZSTD(1)),
    start     Date CODEC(Delta, ZSTD(1)),
    day       Date CODEC(Delta, ZSTD(1)),
    batch     UInt64 CODEC(Delta, ZSTD(1)),
    counted   Int64 CODEC(T64, ZSTD(1)),
    amount    Decimal(38, 4) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(batch)
PARTITION BY toYYYYMM(day)
ORDER BY (shop, dimension, day, value, set, currency, start, after)
SETTINGS index_granularity = 1024, min_age_to_force_merge_seconds = 60, min_age_to_force_merge_on_partition_only = 1,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
