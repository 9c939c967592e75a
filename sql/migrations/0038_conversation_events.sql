-- What was said in each conversation: one row per inquiry or reply that names one. Whose a conversation is, and
-- which of its inquiries count, is derived from all its rows (`ledger/conversation`).
-- `conversation`  sipHash64 of 'conversation', channel and the chat tool's id of it
-- `visitor`       sipHash64 of the visitor id, 0 when the event names none
CREATE TABLE IF NOT EXISTS conversation_events
(
    shop         LowCardinality(String),
    conversation UInt64 CODEC(ZSTD(1)),
    at           DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    id           UUID CODEC(ZSTD(1)),
    batch        LowCardinality(String),
    rank         UInt64 CODEC(ZSTD(1)),
    kind         LowCardinality(String),
    day          Date CODEC(ZSTD(1)),
    received_day Date CODEC(ZSTD(1)),
    visitor      UInt64 CODEC(ZSTD(1)),
    cookieless   Bool,
    channel      LowCardinality(String),
    name         String CODEC(ZSTD(1)),
    by           LowCardinality(String),
    agent        LowCardinality(String) CODEC(ZSTD(1)),
    topic        LowCardinality(String),
    verified     Bool ALIAS bitTest(rank, 63),
    received_at  DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(4611686018427387904 - toInt64(bitAnd(rank, 9223372036854775807)), 'UTC')
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY (shop, conversation, at, id, batch)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
