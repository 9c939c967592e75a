-- Whose days may be other than the ledger says: a queue, whose parts the upkeep drops when it has read them.
-- `visitor`   sipHash64 of the visitor id, 0 when only an order changed
-- `order_id`  empty when only a visitor changed
-- `slot`      where to find the row in the queue: the visitor, or a hash of the order
-- Parts are never merged: a part that the upkeep has read must still be there when it is dropped.
CREATE TABLE IF NOT EXISTS ledger_changes
(
    shop     LowCardinality(String),
    slot     UInt64,
    visitor  UInt64,
    order_id String
)
ENGINE = MergeTree
ORDER BY (shop, slot, visitor, order_id)
SETTINGS index_granularity = 1024, max_bytes_to_merge_at_max_space_in_pool = 1,
    parts_to_delay_insert = 100000, parts_to_throw_insert = 100000,
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
