-- What to look at together: by whom and of which payments an order tells, and who named a customer. Only finds; it decides nothing,
-- so a row too many is harmless.
-- `name`      sipHash64 of a visitor's id, or of 'customer', 'payment' or 'refund' with the customer, payment or refund named
-- `order_id`  of the order that tells of it, or empty and
-- `visitor`   sipHash64 of the visitor who named the customer, else 0
CREATE TABLE IF NOT EXISTS links
(
    shop     LowCardinality(String),
    name     UInt64,
    order_id String,
    visitor  UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (shop, name, order_id, visitor)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
