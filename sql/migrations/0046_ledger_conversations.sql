-- The conversations that the upkeep works on.
CREATE TABLE IF NOT EXISTS ledger_conversations
(
    shop         LowCardinality(String),
    conversation UInt64
)
ENGINE = Memory
