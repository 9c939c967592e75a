-- What became of each order, as the upkeep found it in `orders`: the latest batch counts.
-- `placed_at`, `placed_day`, `visitor`, `is_cookieless`  of the placed order; without meaning while `is_placed` is false.
--              `visitor` is 0 for an unattributed one
-- `customer`   the shop's own customer, as the keyed hash that `events` has, empty when none was named
-- `payments`   those that count, without an amount of their own the order's
-- `money`      one entry per currency
-- `changed_at` arrival of its last event when that came on a later day than the order's
CREATE TABLE IF NOT EXISTS order_facts
(
    shop          LowCardinality(String),
    order_id      String,
    batch         UInt64 CODEC(Delta, ZSTD(1)),
    is_placed     Bool,
    placed_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    placed_day    Date,
    visitor       UInt64,
    is_cookieless Bool,
    customer      String,
    payments      Array(Tuple(at DateTime64(3, 'UTC'), day Date, amount Decimal(38, 4), currency String)),
    money         Array(Tuple(currency String, ordered Decimal(38, 4), paid Decimal(38, 4), refunded Decimal(38, 4), is_order Bool, is_paid Bool, is_refunded Bool)),
    changed_at    Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree(batch)
ORDER BY (shop, order_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
