-- What happened to each order: one row per order, payment or refund event, never a running sum.
--
-- An order's state is derived from all its rows (`ledger/order`) in a way that a repeated row cannot change, so
-- arrival order and replays are without effect. `at` is in the key because an order is placed at its earliest
-- `at`: a repeat that carries another time must not replace the row that carries the earliest.
-- `visitor` is sipHash64 of the visitor id, 0 when the event names none; `customer` the keyed hash that
-- `event_log` has. Other columns as there.
CREATE TABLE IF NOT EXISTS order_events
(
    shop         LowCardinality(String),
    order_id     String CODEC(ZSTD(1)),
    kind         LowCardinality(String),
    at           DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    id           UUID CODEC(ZSTD(1)),
    batch        LowCardinality(String),
    rank         UInt64 CODEC(ZSTD(1)),
    day          Date CODEC(ZSTD(1)),
    received_day Date CODEC(ZSTD(1)),
    visitor      UInt64 CODEC(ZSTD(1)),
    cookieless   Bool,
    only_names   Bool,
    customer     String CODEC(ZSTD(1)),
    payment_id   String CODEC(ZSTD(1)),
    refund_id    String CODEC(ZSTD(1)),
    amount       Nullable(Decimal(18, 4)) CODEC(ZSTD(1)),
    currency     LowCardinality(String),
    as_of        Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    via          LowCardinality(String),
    product      String CODEC(ZSTD(1)),
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
    verified     Bool ALIAS bitTest(rank, 63),
    received_at  DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(4611686018427387904 - toInt64(bitAnd(rank, 9223372036854775807)), 'UTC')
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (shop, order_id, kind, at, id, batch)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
