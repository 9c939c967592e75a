-- What to look at together: by whom and of which payments an order tells, who named a customer, who wrote in a
-- conversation. Only finds; it decides nothing, so a row too many is harmless.
-- `name`          sipHash64 of a visitor's id, or of 'customer', 'payment' or 'refund' with the customer, payment
--                 or refund named
-- `order_id`      of the order that tells of it, or empty
-- `visitor`       of a customer's name a visitor who named them, of a visitor's name a customer whom they named;
--                 else 0
-- `conversation`  in which the visitor wrote, as in `conversation_events`, else 0
CREATE TABLE IF NOT EXISTS relations
(
    shop         LowCardinality(String),
    name         UInt64 CODEC(Delta, ZSTD(1)),
    order_id     String CODEC(ZSTD(1)),
    visitor      UInt64 CODEC(ZSTD(1)),
    conversation UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (shop, name, order_id, visitor, conversation)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
