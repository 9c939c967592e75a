-- Every event as it was accepted, one row each, kept for re-derivation and for looking at single paths.
--
-- Replay-safe: the partition and sorting keys are pure functions of what the sender sent, so a batch
-- shipped twice merges into itself. Of an event told by page and server under one id the server's row stays. Nothing reads a count from here without naming distinct ids.
-- `day` is the shop's day of `at`, taken in the shop's time zone when the event was accepted.
-- New and merged parts are fsynced: the spool forgets a batch soon after the insert has answered, and a merge deletes
-- the parts that it was made of.
CREATE TABLE IF NOT EXISTS events
(
    shop        LowCardinality(String),
    at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    id          UUID,
    kind        LowCardinality(String),
    day         Date,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    visitor     String CODEC(ZSTD(1)),
    cookieless  Bool,
    verified    Bool,
    url         String CODEC(ZSTD(1)),
    referrer    String CODEC(ZSTD(1)),
    title       String CODEC(ZSTD(1)),
    order_id    String,
    payment_id  String,
    refund_id   String,
    amount      Nullable(Decimal(18, 4)),
    currency    LowCardinality(String),
    agent       LowCardinality(String),
    channel     LowCardinality(String),
    topic       LowCardinality(String),
    score       UInt8,
    engaged_ms  Nullable(UInt32),
    variant     LowCardinality(String),
    customer    String,
    product     String
)
ENGINE = ReplacingMergeTree(verified)
PARTITION BY toYYYYMM(at)
ORDER BY (shop, at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
