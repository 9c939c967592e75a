-- Every event as it was accepted, one row each, kept for re-derivation and for looking at single paths. All
-- other tables of events are made from the same batch, by the program (`store/write`).
--
-- Replay-safe: the partition and sorting keys are pure functions of what the sender sent, so a batch
-- shipped twice merges into itself. Nothing reads a count from here without naming distinct ids.
-- New and merged parts are fsynced: the spool forgets a batch soon after the insert has answered, and a merge
-- deletes the parts that it was made of.
-- `batch`     the import or the run that brought the event, empty of what was sent; in the key, so that what an
--             import brought can be taken back without what others told under the same id
-- `rank`      of rows with the same key the greatest stays: what the shop told before what pages told, then
--             the earliest arrival. `received_at` and `verified` are read out of it
-- `day`, `received_day`  the shop's days of `at` and of the arrival, in the time zone it had then
-- `bot`       sent by a program rather than a person: in no figure. Never of an order, a payment, a refund
-- `source` … `city`  found out about a visit on its arrival, empty where nothing is known
-- `only_names`  an order that says whose it is, and nothing else
-- `as_of`     when the sender last changed its record, where it says so
-- `currency`  empty of a payment or refund that is in its order's
-- `items`     lines of an order or refund; `quantity` in thousandths
CREATE TABLE IF NOT EXISTS event_log
(
    shop         LowCardinality(String),
    at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    id           UUID CODEC(ZSTD(1)),
    batch        LowCardinality(String),
    rank         UInt64 CODEC(Delta, ZSTD(1)),
    kind         LowCardinality(String),
    day          Date CODEC(Delta, ZSTD(1)),
    received_day Date CODEC(Delta, ZSTD(1)),
    visitor      String CODEC(ZSTD(1)),
    cookieless   Bool,
    bot          Bool,
    url          String CODEC(ZSTD(1)),
    referrer     String CODEC(ZSTD(1)),
    title        String CODEC(ZSTD(1)),
    source       LowCardinality(String) CODEC(ZSTD(1)),
    medium       LowCardinality(String) CODEC(ZSTD(1)),
    campaign     LowCardinality(String) CODEC(ZSTD(1)),
    path         String CODEC(ZSTD(1)),
    device       LowCardinality(String) CODEC(ZSTD(1)),
    browser      LowCardinality(String) CODEC(ZSTD(1)),
    os           LowCardinality(String) CODEC(ZSTD(1)),
    country      LowCardinality(String) CODEC(ZSTD(1)),
    region       LowCardinality(String) CODEC(ZSTD(1)),
    city         LowCardinality(String) CODEC(ZSTD(1)),
    order_id     String CODEC(ZSTD(1)),
    payment_id   String CODEC(ZSTD(1)),
    refund_id    String CODEC(ZSTD(1)),
    amount       Nullable(Decimal(18, 4)) CODEC(ZSTD(1)),
    currency     LowCardinality(String),
    as_of        Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    via          LowCardinality(String),
    only_names   Bool,
    items        Nested
    (
        product  String,
        name     String,
        variant  String,
        quantity UInt32,
        amount   Nullable(Decimal(18, 4)),
        cost     Nullable(Decimal(18, 4))
    ),
    cost         Nullable(Decimal(18, 4)),
    shipping     Nullable(Decimal(18, 4)),
    tax          Nullable(Decimal(18, 4)),
    discount     Nullable(Decimal(18, 4)),
    conversation String CODEC(ZSTD(1)),
    by           LowCardinality(String),
    agent        LowCardinality(String) CODEC(ZSTD(1)),
    channel      LowCardinality(String) CODEC(ZSTD(1)),
    topic        LowCardinality(String),
    score        UInt8,
    engaged_ms   Nullable(UInt32) CODEC(ZSTD(1)),
    variant      LowCardinality(String) CODEC(ZSTD(1)),
    customer     String CODEC(ZSTD(1)),
    product      String CODEC(ZSTD(1)),
    verified     Bool ALIAS bitTest(rank, 63),
    received_at  DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(4611686018427387904 - toInt64(bitAnd(rank, 9223372036854775807)), 'UTC'),
    INDEX by_visitor visitor TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_arrival received_at TYPE minmax GRANULARITY 1,
    INDEX by_kind kind TYPE set(16) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(at)
ORDER BY (shop, at, id, batch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
