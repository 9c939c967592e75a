-- What holds of each day on which a visitor was present (METRICS section 2), as the upkeep found it in `visitor_days` and
-- `order_facts`: the latest batch counts. What the ledger adds up is made of exactly these rows.
-- A week that has been quiet for an hour becomes one part, which is read without looking for later rows. That is also why
-- `is_deleted` is for the reader to heed, not for the engine.
-- `visitor`     sipHash64 of the visitor id; of an order without a known visitor sipHash64('order', order_id)
-- `is_deleted`  nothing holds of the day any more
-- `marks`       bits: 1 effective, 2 inquired, 4 pre-sale, 8 placed an order, 16 which was paid, 32 known by a same-day id,
--               64 nobody: the day of an order without a known visitor
-- `open_until`  until when one page may become two; 1970 when that is settled
-- `source` …    what the day carries of each dimension; an empty text is "unknown"
-- `money`       of the orders placed that day, one entry per currency
CREATE TABLE IF NOT EXISTS day_facts
(
    shop          LowCardinality(String),
    visitor       UInt64,
    day           Date CODEC(Delta, ZSTD(1)),
    batch         UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted    UInt8,
    marks         UInt16,
    open_until    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    source        LowCardinality(String),
    medium        LowCardinality(String),
    campaign      LowCardinality(String),
    device        LowCardinality(String),
    browser       LowCardinality(String),
    os            LowCardinality(String),
    country       LowCardinality(String),
    region        LowCardinality(String),
    city          LowCardinality(String),
    landing       String CODEC(ZSTD(1)),
    agent         Array(String),
    channel       Array(String),
    variant       Array(String),
    product       Array(String) CODEC(ZSTD(1)),
    customer_type LowCardinality(String),
    money         Array(Tuple(currency String, ordered Decimal(38, 4), paid Decimal(38, 4), refunded Decimal(38, 4), orders UInt32, paid_orders UInt32, refunded_orders UInt32))
)
ENGINE = ReplacingMergeTree(batch)
PARTITION BY toMonday(day)
ORDER BY (shop, visitor, day)
SETTINGS index_granularity = 512, min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
