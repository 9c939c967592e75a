-- What happened to each order: one row per order, payment or refund event, never a running sum.
--
-- An order's state is aggregated from its rows at read time with functions that a repeated row cannot
-- change, so arrival order and replays are without effect. `at` is in the key because an order is placed
-- at its earliest `at`: a repeat that carries another time must not replace the row that carries the earliest.
-- `visitor` is sipHash64 of the visitor id, 0 when the event names none.
CREATE TABLE IF NOT EXISTS orders
(
    shop       LowCardinality(String),
    order_id   String,
    kind       LowCardinality(String),
    at         DateTime64(3, 'UTC'),
    id         UUID,
    day        Date,
    visitor    UInt64,
    cookieless Bool,
    payment_id String,
    refund_id  String,
    amount     Nullable(Decimal(18, 4)),
    currency   LowCardinality(String),
    verified   Bool
)
ENGINE = ReplacingMergeTree(verified)
ORDER BY (shop, order_id, kind, at, id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
