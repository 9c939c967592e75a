-- The visitors that the upkeep works on.
CREATE TABLE IF NOT EXISTS ledger_visitors
(
    shop    LowCardinality(String),
    visitor UInt64
)
ENGINE = Memory
